#include "agent/commands/immediate_execution.hpp"

#include <boost/asio/post.hpp>

namespace cockpit::commands {
namespace {

using Done = executor::CommandHandler::Done;

class Immediate final : public executor::Execution {
  public:
    explicit Immediate(std::shared_ptr<Done> done) : done_(std::move(done)) {}
    void stop(executor::StopReason) override {}

  private:
    std::shared_ptr<Done> done_;  // the only owner: its death keeps the outcome from being told
};

}  // namespace

std::unique_ptr<executor::Execution> immediate_execution(const boost::asio::any_io_executor& loop,
                                                         executor::Outcome outcome, Done done) {
    auto kept = std::make_shared<Done>(std::move(done));
    boost::asio::post(loop,
                      [weak = std::weak_ptr<Done>(kept), outcome = std::move(outcome)]() mutable {
                          if (const auto alive = weak.lock()) (*alive)(std::move(outcome));
                      });
    return std::make_unique<Immediate>(std::move(kept));
}

}  // namespace cockpit::commands
