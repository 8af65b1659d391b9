// Commands that an earlier run of this agent left running and that nobody knows any more.
#include "agent/commands/process_execution.hpp"

namespace cockpit::commands {
namespace asio = boost::asio;
using executor::Outcome;
using executor::ProcessMark;
using executor::StopReason;
using protocol::CommandState;

namespace {

class EndLeftovers final : public executor::Leftovers {
  public:
    EndLeftovers(asio::any_io_executor loop, std::shared_ptr<Keeping> keeping)
        : loop_(std::move(loop)), keeping_(std::move(keeping)) {}

    std::unique_ptr<executor::Execution> end(const executor::Task& task, const ProcessMark& process,
                                             executor::CommandHandler::Done done) override {
        ProcessCommand command{.child = {},
                               .title = "the command",
                               .time_limit = std::chrono::milliseconds(task.timeout_ms),
                               .judge =
                                   [](const runtime::ExitStatus&, std::string output) {
                                       return Outcome{.state = CommandState::interrupted,
                                                      .output = std::move(output)};
                                   },
                               .keeping = keeping_,
                               .attempt = task.attempt};
        auto execution = resume_process(
            loop_, std::move(command), process, [done = std::move(done)](Outcome outcome) mutable {
                if (outcome.state != CommandState::cancel_failed) {
                    outcome.state = CommandState::interrupted;
                    outcome.error =
                        "this agent was restarted while the command ran, and no longer knows this "
                        "command: what still ran was ended, and its outcome is unknown";
                }
                done(std::move(outcome));
            });
        execution->stop(StopReason::cancelled);
        return execution;
    }

  private:
    asio::any_io_executor loop_;
    std::shared_ptr<Keeping> keeping_;
};

}  // namespace

std::unique_ptr<executor::Leftovers> end_leftovers(asio::any_io_executor loop,
                                                   std::shared_ptr<Keeping> keeping) {
    return std::make_unique<EndLeftovers>(std::move(loop), std::move(keeping));
}

}  // namespace cockpit::commands
