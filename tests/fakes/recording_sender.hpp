#pragma once
// A notify::Sender that keeps what it was given and answers in the next turn as the test says, or
// when the test says so.

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/post.hpp>
#include <functional>
#include <vector>

#include "server/notify/sender.hpp"

namespace cockpit::fakes {

class RecordingSender final : public notify::Sender {
  public:
    explicit RecordingSender(boost::asio::any_io_executor io) : io_(std::move(io)) {}

    std::vector<notify::Outgoing> sent;
    notify::SendOutcome outcome{.delivered = true, .status = 200};
    bool hold = false;  ///< answers wait in `held`
    std::vector<runtime::Callback<notify::SendOutcome>> held;

    void send(notify::Outgoing outgoing, runtime::Callback<notify::SendOutcome> done) override {
        sent.push_back(std::move(outgoing));
        if (hold) {
            held.push_back(std::move(done));
            return;
        }
        boost::asio::post(io_, [done = std::move(done), outcome = outcome]() mutable {
            done(std::move(outcome));
        });
    }

  private:
    boost::asio::any_io_executor io_;
};

}  // namespace cockpit::fakes
