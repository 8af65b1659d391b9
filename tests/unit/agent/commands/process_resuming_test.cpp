// A command goes on without the agent that started it. The first Running of each test stands for
// that agent: its loop is never turned again, as if it had died.
#include <gmock/gmock.h>
#include <poll.h>

#include <csignal>

#include "agent/keeper/order.hpp"
#include "crypto/digest.hpp"
#include "crypto/encoding.hpp"
#include "process_world.hpp"

namespace cockpit::commands {
namespace {

using executor::StopReason;
using protocol::CommandState;
using namespace std::chrono_literals;

class ProcessResuming : public testing::Test {
  protected:
    std::filesystem::path file(const std::string& name) const { return directory_.path() / name; }
    std::filesystem::path spool_directory() const {
        return spool::directory_of(keeping_->spool, an_attempt(1));
    }
    /// Waits for the gate file with bytes on both sides of it.
    ProcessCommand gated() {
        return shell("echo before; touch " + file("reached").string() + "; while [ ! -e " +
                         file("open").string() + " ]; do sleep 0.02; done; echo after; exit 4",
                     keeping_);
    }

    test::TemporaryDirectory directory_;
    std::shared_ptr<Keeping> keeping_ = keeping(directory_.path());
};

TEST_F(ProcessResuming, output_and_result_are_whole) {
    Running dead(gated());
    Running next(gated(), dead.process());
    next.turn_until([&] { return std::filesystem::exists(file("reached")); });
    EXPECT_FALSE(next.outcome);
    std::ofstream(file("open")).flush();
    const auto outcome = next.wait();
    EXPECT_EQ(outcome.state, CommandState::error);
    EXPECT_EQ(outcome.exit_code, 4);
    EXPECT_EQ(outcome.output, "before\nafter\n");
    EXPECT_EQ(outcome.output_sha256, crypto::to_hex(crypto::sha256("before\nafter\n")));
}

TEST_F(ProcessResuming, one_that_ended_meanwhile_tells_its_result) {
    std::ofstream(file("open")).flush();
    Running dead(gated());
    Running next(gated(), dead.process());
    next.turn_until([&] { return keeper::read_status(spool_directory()).has_value(); });
    Running later(gated(), dead.process());
    EXPECT_EQ(later.wait().output, "before\nafter\n");
    EXPECT_EQ(later.outcome->exit_code, 4);
}

TEST_F(ProcessResuming, it_is_cancelled) {
    Running dead(gated());
    Running next(gated(), dead.process());
    next.turn_until([&] { return std::filesystem::exists(file("reached")); });
    next.stop(StopReason::cancelled);
    EXPECT_EQ(next.wait().state, CommandState::cancelled);
    EXPECT_EQ(next.outcome->output, "before\n");
    EXPECT_EQ(next.outcome->error, "the script was cancelled");
}

TEST_F(ProcessResuming, the_time_limit_holds_while_no_agent_lives) {
    auto command = gated();
    command.time_limit = 300ms;
    Running dead(std::move(command));
    const auto limit = std::chrono::steady_clock::now() + 20s;
    while (!keeper::read_status(spool_directory()) && std::chrono::steady_clock::now() < limit) {
        ::poll(nullptr, 0, 5);
    }
    auto again = gated();
    again.time_limit = 300ms;
    Running next(std::move(again), dead.process());
    EXPECT_EQ(next.wait().state, CommandState::timeout);
    EXPECT_EQ(next.outcome->error, "the script did not end within 300 ms and was stopped");
}

TEST_F(ProcessResuming, a_number_that_was_given_to_another_process_is_not_it) {
    Running dead(gated());
    dead.turn_until([&] { return std::filesystem::exists(file("reached")); });
    auto mark = dead.process();
    ++mark.start_time;
    Running next(gated(), mark);
    const auto outcome = next.wait();
    EXPECT_EQ(outcome.state, CommandState::interrupted);
    EXPECT_EQ(outcome.output, "before\n");
    EXPECT_THAT(outcome.output_sha256, crypto::to_hex(crypto::sha256("before\n")));
}

TEST_F(ProcessResuming, what_nobody_knows_any_more_is_ended) {
    const auto mark = "unknown-" + directory_.path().filename().string();
    Running dead(program({COCKPIT_TEST_STUBBORN, "double_fork", mark}, keeping_));
    dead.turn_until([&] { return marked(mark).size() == 2; });
    boost::asio::io_context io;
    const auto leftovers = end_leftovers(io.get_executor(), keeping_);
    std::optional<executor::Outcome> told;
    const auto ending =
        leftovers->end({.params = {}, .timeout_ms = 1000, .attempt = an_attempt(1)}, dead.process(),
                       [&](executor::Outcome outcome) { told = outcome; });
    const auto limit = std::chrono::steady_clock::now() + 20s;
    while (!told && std::chrono::steady_clock::now() < limit) {
        io.restart();
        io.run_for(5ms);
    }
    ASSERT_TRUE(told);
    EXPECT_EQ(told->state, CommandState::interrupted);
    EXPECT_THAT(*told->error, testing::HasSubstr("no longer knows this command"));
    EXPECT_THAT(marked(mark), testing::IsEmpty());
}

}  // namespace
}  // namespace cockpit::commands
