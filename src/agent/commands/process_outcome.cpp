#include "agent/commands/process_outcome.hpp"

#include "agent/spool/reader.hpp"

namespace cockpit::commands {
using executor::Outcome;
using executor::StopReason;
using protocol::CommandState;
using namespace std::chrono_literals;

namespace {

std::string seconds(std::chrono::milliseconds time) {
    if (time % 1s == 0ms) return std::to_string(time / 1s) + " s";
    return std::to_string(time.count()) + " ms";
}

std::string text_of(const ProcessCommand& command, const std::filesystem::path& directory) {
    const auto reader = spool::Reader::open(directory, command.keeping->boot_id);
    if (!reader) return {};
    return reader->text(command.output_limit).value_or(std::string());
}

template <typename Pids>
std::string could_not_be_ended(const ProcessCommand& command, const Pids& survivors) {
    std::string list;
    for (const auto pid : survivors)
        list += (list.empty() ? "" : ", ") + std::to_string(pid);
    return command.title + " could not be ended: these processes outlive SIGKILL: " + list;
}

std::string stopped(const ProcessCommand& command, bool late) {
    if (!late) return command.title + " was cancelled";
    return command.title + " did not end within " + seconds(command.time_limit) +
           " and was stopped";
}

Outcome judged(ProcessCommand& command, const keeper::Status& status, std::string output) {
    Outcome outcome{.state = CommandState::error, .output = {}};
    if (!status.survivors.empty()) {
        outcome.state = CommandState::cancel_failed;
        outcome.error = could_not_be_ended(command, status.survivors);
    } else if (status.by == keeper::EndedBy::not_started) {
        outcome.error = command.title + " could not be started: " + status.problem;
    } else if (status.by == keeper::EndedBy::itself) {
        return command.judge({.exit_code = status.exit_code, .signal = status.signal},
                             std::move(output));
    } else {
        const bool late = status.by == keeper::EndedBy::time_limit;
        outcome.state = late ? CommandState::timeout : CommandState::cancelled;
        outcome.error = stopped(command, late);
    }
    outcome.output = std::move(output);
    return outcome;
}

}  // namespace

Outcome outcome_of(ProcessCommand& command, const std::filesystem::path& directory,
                   const keeper::Status& status) {
    auto outcome = judged(command, status, text_of(command, directory));
    outcome.exit_code = status.exit_code;
    outcome.signal = status.signal;
    outcome.cpu_ms = status.cpu_ms;
    outcome.peak_memory_bytes = status.peak_memory_bytes;
    outcome.containment = status.containment;
    outcome.output_bytes = status.output_bytes;
    outcome.output_sha256 = status.output_sha256;
    outcome.execution_time_ms = status.execution_time_ms;
    return outcome;
}

Outcome outcome_without_status(const ProcessCommand& command,
                               const std::filesystem::path& directory,
                               std::optional<StopReason> asked,
                               const std::vector<pid_t>& survivors) {
    Outcome outcome{.state = CommandState::interrupted, .output = text_of(command, directory)};
    if (!survivors.empty()) {
        outcome.state = CommandState::cancel_failed;
        outcome.error = could_not_be_ended(command, survivors);
    } else if (asked) {
        const bool late = asked == StopReason::timeout;
        outcome.state = late ? CommandState::timeout : CommandState::cancelled;
        outcome.error = stopped(command, late);
    } else {
        outcome.error = "the keeper of " + command.title +
                        " was killed; what still ran was ended, and its outcome is unknown";
    }
    outcome.output_bytes = 0;
    if (const auto reader = spool::Reader::open(directory, command.keeping->boot_id)) {
        outcome.output_bytes = static_cast<std::int64_t>(reader->total());
        const auto digest = reader->sha256_hex();
        if (digest && *digest) outcome.output_sha256 = **digest;
    }
    return outcome;
}

}  // namespace cockpit::commands
