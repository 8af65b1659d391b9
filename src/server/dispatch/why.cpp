#include "server/dispatch/why.hpp"

#include <algorithm>

namespace cockpit::dispatch {
using protocol::CommandState;
namespace {

std::string seconds(std::int64_t milliseconds) {
    return std::to_string(std::max<std::int64_t>(0, milliseconds) / 1000) + " s";
}

std::string presence_of(const std::optional<AgentView>& host) {
    if (!host) return "the host is not known to this server";
    return "the host is " + std::string(to_text(host->presence)) + ": " + host->evidence;
}

std::string why_open(const CommandRecord& record, const std::optional<AgentView>& host,
                     std::int64_t now_ms, const std::optional<std::string>& held) {
    if (record.state == CommandState::running) return "it runs on the host";
    if (record.state == CommandState::delivered) {
        return "the host has it and runs it when its turn comes";
    }
    if (record.next_attempt_at_ms && now_ms < *record.next_attempt_at_ms) {
        return "attempt " + std::to_string(record.attempt - 1) + " did not succeed; attempt " +
               std::to_string(record.attempt) + " begins in " +
               seconds(*record.next_attempt_at_ms - now_ms);
    }
    if (!record.dispatched && held && !record.forced) {
        return "it is held and given up in " + seconds(record.expires_at_ms - now_ms) + ": " +
               *held;
    }
    if (!record.dispatched) {
        return "it waits for the host and is given up in " +
               seconds(record.expires_at_ms - now_ms) + "; " + presence_of(host);
    }
    return "it was sent and the host has not said yet that it has it; " + presence_of(host);
}

std::string why_ended(const CommandRecord& record) {
    switch (record.state) {
        case CommandState::success:
            return "it ran to its end and succeeded";
        case CommandState::error:
            return "it ran to its end and failed";
        case CommandState::timeout:
            return "it was stopped at its time limit";
        case CommandState::cancelled:
            return record.started_at_ms ? "it was stopped on request"
                                        : "it was cancelled before it started";
        case CommandState::cancel_failed:
            return "it was to be stopped and something of it survives";
        case CommandState::interrupted:
            return "it was interrupted, and whether it did its work is unknown";
        case CommandState::expired:
            return "it did not start before its expiry, and never will";
        case CommandState::refused:
            return "the host refused it, and it never ran";
        default:
            return "it has ended";
    }
}

}  // namespace

std::string why(const CommandRecord& record, const std::optional<AgentView>& host,
                std::int64_t now_ms, const std::optional<std::string>& held) {
    auto text = is_final(record.state) ? why_ended(record) : why_open(record, host, now_ms, held);
    if (is_final(record.state) && record.error && !record.error->empty()) {
        text += ": " + *record.error;
    }
    if (record.cancel_requested_by) {
        text += "; " + *record.cancel_requested_by + " asked to cancel it";
    }
    return text;
}

}  // namespace cockpit::dispatch
