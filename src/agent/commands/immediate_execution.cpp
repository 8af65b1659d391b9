#include "agent/commands/immediate_execution.hpp"

#include <boost/asio/post.hpp>
#include <utility>

namespace cockpit::commands {
namespace {

using Done = executor::CommandHandler::Done;

class Immediate final : public executor::Execution {
  public:
    Immediate(boost::asio::any_io_executor loop, executor::Outcome outcome, Done done)
        : loop_(std::move(loop)),
          outcome_(std::move(outcome)),
          done_(std::make_shared<Done>(std::move(done))) {}
    void go() override {
        boost::asio::post(
            loop_, [weak = std::weak_ptr<Done>(done_), outcome = std::move(outcome_)]() mutable {
                if (const auto alive = weak.lock()) (*alive)(std::move(outcome));
            });
    }
    void stop(executor::StopReason) override {}

  private:
    boost::asio::any_io_executor loop_;
    executor::Outcome outcome_;
    std::shared_ptr<Done> done_;  // the only owner: its death keeps the outcome from being told
};

}  // namespace

std::unique_ptr<executor::Execution> immediate_execution(const boost::asio::any_io_executor& loop,
                                                         executor::Outcome outcome, Done done) {
    return std::make_unique<Immediate>(loop, std::move(outcome), std::move(done));
}

}  // namespace cockpit::commands
