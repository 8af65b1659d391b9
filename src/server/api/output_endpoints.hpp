#pragma once
// What a command wrote: live, as text, by range, from here or from its host.

#include "server/api/api.hpp"
#include "server/api/output_source.hpp"
#include "server/api/stream_slots.hpp"

namespace cockpit::api {

class OutputEndpoints {
  public:
    /// `slots` are shared with other live readers.
    OutputEndpoints(OutputPorts ports, StreamSlots slots)
        : ports_(ports), slots_(std::move(slots)) {}
    /// This object must outlive `api`.
    void add_to(Api& api);

  private:
    using Answer = boost::asio::awaitable<http::Response>;
    Answer output(Call call);
    Answer events(Call call, OutputFacts facts);
    Answer kept(Call call, OutputFacts facts);
    Answer from_host(Call call, OutputFacts facts);

    OutputPorts ports_;
    StreamSlots slots_;
};

}  // namespace cockpit::api
