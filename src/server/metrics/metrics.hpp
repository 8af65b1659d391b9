#pragma once
// What a server counts while it runs. Pure; one thread.

#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "server/dispatch/end_listener.hpp"
#include "server/metrics/histogram.hpp"

namespace cockpit::metrics {

class Metrics final : public dispatch::EndListener {
  public:
    /// Each end counts on the one server that wrote it: the sum over servers is right.
    void on_end(const dispatch::CommandRecord& record) override;
    /// `seconds` until its answer was there, or, where it is a stream, began.
    void on_request(int status, double seconds);
    /// How much later than asked for a timer of the I/O thread came.
    void on_lag(double seconds);

    struct Ended {
        std::uint64_t count = 0;
        Histogram seconds{command_seconds()};  ///< of those that ran
    };
    /// By command and state.
    const std::map<std::pair<std::string, protocol::CommandState>, Ended>& ended() const {
        return ended_;
    }
    /// From the moment it was taken in until its host began.
    const Histogram& waited() const { return waited_; }
    const std::map<int, std::uint64_t>& requests() const { return requests_; }  ///< by status
    const Histogram& request_seconds() const { return request_seconds_; }
    const Histogram& lag() const { return lag_; }

  private:
    std::map<std::pair<std::string, protocol::CommandState>, Ended> ended_;
    Histogram waited_{command_seconds()};
    std::map<int, std::uint64_t> requests_;
    Histogram request_seconds_{server_seconds()};
    Histogram lag_{server_seconds()};
};

}  // namespace cockpit::metrics
