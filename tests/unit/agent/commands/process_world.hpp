#pragma once
// Process commands as a test runs them: a directory for their spools, a loop, and a look at what is
// left of them.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <boost/asio.hpp>
#include <fstream>

#include "agent/commands/process_execution.hpp"
#include "agent/keeper/cgroup.hpp"
#include "fakes/run_program.hpp"
#include "keeping_fixture.hpp"
#include "runtime/process_table.hpp"

namespace cockpit::commands {

inline protocol::AttemptId an_attempt(int number) {
    auto digits = std::to_string(::getpid() * 100 + number);
    auto id = "00000000-0000-4000-8000-" + std::string(12 - digits.size(), '0') + digits;
    return {*protocol::CommandId::parse(id), 1};
}

inline ProcessCommand program(std::vector<std::string> arguments,
                              const std::shared_ptr<Keeping>& keeping,
                              std::optional<protocol::AttemptId> attempt = an_attempt(1)) {
    return {.child = {.arguments = std::move(arguments),
                      .environment = {{"PATH", "/usr/bin:/bin"}},
                      .working_directory = {},
                      .on_stdout = {},
                      .on_stderr = {}},
            .title = "the script",
            .time_limit = std::chrono::seconds(60),
            .judge =
                [](const runtime::ExitStatus& status, std::string output) {
                    return executor::Outcome{.state = status.success()
                                                          ? protocol::CommandState::success
                                                          : protocol::CommandState::error,
                                             .output = std::move(output),
                                             .error = status.text()};
                },
            .keeping = keeping,
            .attempt = std::move(attempt)};
}

inline ProcessCommand shell(std::string script, const std::shared_ptr<Keeping>& keeping,
                            std::optional<protocol::AttemptId> attempt = an_attempt(1)) {
    return program({"/bin/sh", "-c", std::move(script)}, keeping, std::move(attempt));
}

/// Living processes with this word in their command line; the number of a test.
inline std::vector<pid_t> marked(const std::string& mark) {
    std::vector<pid_t> found;
    for (const auto& process : runtime::all_processes()) {
        if (!process.lives()) continue;
        // It may end meanwhile, and then reading fails, not opening.
        char line[4096];
        const auto path = "/proc/" + std::to_string(process.pid) + "/cmdline";
        const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
        const auto size = file < 0 ? -1 : ::read(file, line, sizeof line);
        if (file >= 0) ::close(file);
        if (size > 0 && std::string_view(line, static_cast<std::size_t>(size)).find(mark) !=
                            std::string_view::npos) {
            found.push_back(process.pid);
        }
    }
    return found;
}

class Running {
  public:
    explicit Running(ProcessCommand command)
        : execution_(start_process(io_.get_executor(), std::move(command), told())) {
        execution_->go();
    }
    /// One that waits for the word.
    Running(ProcessCommand command, std::nullopt_t)
        : execution_(start_process(io_.get_executor(), std::move(command), told())) {}
    Running(ProcessCommand command, const executor::ProcessMark& mark)
        : execution_(resume_process(io_.get_executor(), std::move(command), mark, told())) {}
    ~Running() { execution_.reset(); }

    void turn_until(const std::function<bool()>& reached) {
        const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(40);
        // Asked once more it may be over again: processes come and go.
        bool there = false;
        while (!(there = reached()) && std::chrono::steady_clock::now() < limit) {
            io_.restart();
            io_.run_for(std::chrono::milliseconds(5));
        }
        ASSERT_TRUE(there);
    }
    executor::Outcome wait() {
        turn_until([&] { return outcome.has_value(); });
        return outcome.value();
    }
    void go() { execution_->go(); }
    void stop(executor::StopReason reason) { execution_->stop(reason); }
    void end() { execution_.reset(); }
    executor::ProcessMark process() const { return execution_->process().value(); }

    std::optional<executor::Outcome> outcome;

  private:
    executor::CommandHandler::Done told() {
        return [this](executor::Outcome ended) {
            EXPECT_FALSE(outcome) << "told twice";
            outcome = std::move(ended);
        };
    }
    boost::asio::io_context io_;
    std::unique_ptr<executor::Execution> execution_;
};

}  // namespace cockpit::commands
