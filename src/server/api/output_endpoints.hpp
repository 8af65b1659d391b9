#pragma once
// What a command wrote: live, as text, by range, from here or from its host.

#include <memory>

#include "server/api/api.hpp"
#include "server/api/output_source.hpp"

namespace cockpit::api {

class OutputEndpoints {
  public:
    OutputEndpoints(OutputPorts ports, int max_streams)
        : ports_(ports), max_streams_(max_streams), streams_(std::make_shared<int>(0)) {}
    /// This object must outlive `api`.
    void add_to(Api& api);

  private:
    using Answer = boost::asio::awaitable<http::Response>;
    Answer output(Call call);
    Answer events(Call call, OutputFacts facts);
    Answer kept(Call call, OutputFacts facts);
    Answer from_host(Call call, OutputFacts facts);

    OutputPorts ports_;
    int max_streams_;
    std::shared_ptr<int> streams_;  ///< how many are read live now
};

}  // namespace cockpit::api
