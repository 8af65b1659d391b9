#pragma once
// An AgentLink that keeps what was sent, and lets a test play the host.

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/post.hpp>
#include <functional>
#include <vector>

#include "server/dispatch/agent_link.hpp"

namespace cockpit::fakes {

class RecordingAgentLink final : public dispatch::AgentLink {
  public:
    explicit RecordingAgentLink(boost::asio::any_io_executor io) : io_(std::move(io)) {}

    std::vector<protocol::Run> runs;
    std::vector<protocol::Cancel> cancels;
    std::vector<protocol::Ack> acks;
    std::vector<std::string> ended;
    std::vector<protocol::original::Command> original_commands;
    dispatch::Receivers receivers = 1;
    std::optional<std::int64_t> permit = 0;  ///< what the shared bucket says
    int permits_asked = 0;
    std::function<void(const protocol::Run&)> host;  ///< called in the next turn with each run

    void send(const protocol::Run& run, runtime::Callback<dispatch::Receivers> done) override {
        runs.push_back(run);
        if (host) boost::asio::post(io_, [this, run] { host(run); });
        answer(std::move(done));
    }
    void send(const protocol::Cancel& cancel) override { cancels.push_back(cancel); }
    void send(const protocol::Ack& ack) override { acks.push_back(ack); }
    void announce_end(const protocol::CommandId& id) override { ended.push_back(id.text()); }
    void take_permit(const protocol::AgentId&, const dispatch::RateLimit&,
                     runtime::Callback<std::optional<std::int64_t>> done) override {
        ++permits_asked;
        boost::asio::post(io_, [done = std::move(done), wait = permit]() mutable { done(wait); });
    }
    void send_original(const protocol::AgentId&, const protocol::original::Command& command,
                       runtime::Callback<dispatch::Receivers> done) override {
        original_commands.push_back(command);
        answer(std::move(done));
    }

  private:
    void answer(runtime::Callback<dispatch::Receivers> done) {
        boost::asio::post(io_,
                          [done = std::move(done), count = receivers]() mutable { done(count); });
    }

    boost::asio::any_io_executor io_;
};

}  // namespace cockpit::fakes
