// Dispatcher: what hosts and other servers tell.

#include <algorithm>

#include "log/log.hpp"
#include "server/dispatch/dispatcher.hpp"

namespace cockpit::dispatch {
using protocol::CommandState;
namespace {

constexpr std::int64_t longest_backoff_ms = 3'600'000;

}  // namespace

// `unknown_to_host`: the host calls the command too late and does not know it. One that it had
// taken before it has forgotten, and with it whether it ran.
void Dispatcher::on_news(CommandUpdate update, runtime::Callback<bool> settled,
                         bool unknown_to_host) {
    if (!is_final(update.state) || update.state == CommandState::success) {
        return write_news(std::move(update), std::move(settled));
    }
    // The row decides, not what is remembered here: another server may have begun this attempt,
    // heard that the host has it, or been asked to cancel.
    const auto id = update.attempt.command;
    store_.find(id, [this, unknown_to_host, update = std::move(update),
                     settled = std::move(settled)](auto found) mutable {
        if (!found) return settled(false);
        if (*found && (*found)->attempt == update.attempt.attempt) {
            if (unknown_to_host && (*found)->state != CommandState::pending) {
                update.state = CommandState::interrupted;
                update.error = "the host no longer knows the command that it had taken";
            }
            update.retry_at_ms = retry_at(**found, update.state);
        }
        write_news(std::move(update), std::move(settled));
    });
}

std::optional<std::int64_t> Dispatcher::retry_at(const CommandRecord& record,
                                                 CommandState outcome) const {
    if (record.cancel_requested_at_ms) return std::nullopt;
    bool again = std::ranges::find(record.retry.on, outcome) != record.retry.on.end() &&
                 record.attempt < record.retry.max_attempts;
    if (outcome == CommandState::interrupted) {
        // Whether it ran is unknown, so only what may run twice is tried again.
        const auto agent = protocol::AgentId::parse(record.agent_id);
        const auto* schema = agent ? directory_.schema(*agent, record.command) : nullptr;
        const bool idempotent = schema != nullptr && schema->idempotent;
        again = idempotent && (again || record.attempt < settings_.interrupted_attempts);
    }
    if (!again) return std::nullopt;
    const auto doublings = std::min(record.attempt - 1, 20);
    const auto pause = std::min(record.retry.backoff_ms << doublings, longest_backoff_ms);
    return clock_.wall_ms() + pause;
}

void Dispatcher::write_news(CommandUpdate update, runtime::Callback<bool> settled) {
    const auto attempt = update.attempt;
    const auto agent_id = update.agent_id;
    const bool last_word = is_final(update.state);
    std::optional<CommandUpdate> as_the_end;
    if (update.retry_at_ms) {
        as_the_end = update;
        as_the_end->retry_at_ms.reset();
    }
    store_.update(std::move(update), [this, attempt, agent_id, last_word,
                                      as_the_end = std::move(as_the_end),
                                      settled = std::move(settled)](auto outcome) mutable {
        if (!outcome) {
            log::error("news of a command was not written", {{"command_id", attempt.command.text()},
                                                             {"error", outcome.error().message}});
            return settled(false);
        }
        if (!outcome->record) {
            log::warning("news of a command that the database does not know",
                         {{"command_id", attempt.command.text()}, {"agent_id", agent_id}});
        } else if (outcome->changed) {
            settle_here(*outcome->record, true);
        } else if (as_the_end && outcome->record->attempt == attempt.attempt &&
                   !is_final(outcome->record->state)) {
            // Somebody asked to cancel since the row was read: this end is the last one.
            return write_news(*std::move(as_the_end), std::move(settled));
        }
        // Repeated and late news is acknowledged too, or the host would send it for ever.
        if (last_word) acknowledge(agent_id, attempt);
        settled(true);
    });
}

void Dispatcher::settle_here(const CommandRecord& record, bool announce) {
    if (!is_final(record.state)) {
        if (const auto open = open_.find(record.command_id); open != open_.end()) {
            open->second.record = record;
        }
        return;
    }
    open_.erase(record.command_id);
    if (announce) {
        log::info("command ended", {{"command_id", record.command_id},
                                    {"agent_id", record.agent_id},
                                    {"command", record.command},
                                    {"status", to_text(record.state)}});
        if (const auto id = protocol::CommandId::parse(record.command_id)) link_.announce_end(*id);
        for (auto* listener : end_listeners_)
            listener->on_end(record);
    }
    waiters_->finish(record.command_id, record);
}

void Dispatcher::on_ended_elsewhere(const protocol::CommandId& id) {
    if (!open_.contains(id.text()) && !waiters_->any(id.text())) return;
    store_.find(id, [this](auto found) {
        if (found && *found && is_final((*found)->state)) settle_here(**found, false);
    });
}

void Dispatcher::acknowledge(const std::string& agent_id, const protocol::AttemptId& attempt) {
    const auto agent = protocol::AgentId::parse(agent_id);
    if (!agent || directory_.key(*agent) == nullptr) return;
    link_.send(protocol::Ack{
        .agent = *agent, .attempt = attempt, .accepted = true, .issued_at_ms = clock_.wall_ms()});
}

void Dispatcher::on_received(const protocol::Received& news, runtime::Callback<bool> settled) {
    on_news({.attempt = news.attempt,
             .agent_id = news.agent.text(),
             .state = CommandState::delivered,
             .at_ms = clock_.wall_ms()},
            std::move(settled));
}

void Dispatcher::on_started(const protocol::Started& news, runtime::Callback<bool> settled) {
    on_news({.attempt = news.attempt,
             .agent_id = news.agent.text(),
             .state = CommandState::running,
             .at_ms = clock_.wall_ms()},
            std::move(settled));
}

void Dispatcher::on_finished(const protocol::Finished& news, runtime::Callback<bool> settled) {
    on_news(
        {.attempt = news.attempt,
         .agent_id = news.agent.text(),
         .state = news.state,
         .at_ms = clock_.wall_ms(),
         .output = news.output,
         .error = news.error,
         .execution_time_ms = news.execution_time_ms,
         .exit_code = news.exit_code,
         .signal = news.signal,
         .cpu_ms = news.cpu_ms,
         .peak_memory_bytes = news.peak_memory_bytes,
         .containment = news.containment.empty() ? std::nullopt : std::optional(news.containment),
         .output_bytes = news.output_bytes,
         .output_sha256 =
             news.output_sha256.empty() ? std::nullopt : std::optional(news.output_sha256)},
        std::move(settled));
}

void Dispatcher::on_refused(const protocol::Refused& news, runtime::Callback<bool> settled) {
    using Cause = protocol::Refused::Cause;
    on_news({.attempt = news.attempt,
             .agent_id = news.agent.text(),
             .state = news.cause == Cause::policy ? CommandState::refused : CommandState::expired,
             .at_ms = clock_.wall_ms(),
             .error = news.reason},
            std::move(settled), news.cause == Cause::arrived_late);
}

void Dispatcher::on_original_response(const protocol::AgentId& agent,
                                      const protocol::original::Response& response) {
    const auto id = protocol::CommandId::parse(response.command_id);
    if (!settings_.allow_unsigned_agents || !id || directory_.key(agent) != nullptr) return;
    const auto state = protocol::parse_command_state(response.status);
    if (!state || !is_final(*state)) return;
    on_news({.attempt = {*id, 1},
             .agent_id = agent.text(),
             .state = *state,
             .at_ms = clock_.wall_ms(),
             .output = response.output,
             .error = response.error,
             .execution_time_ms = response.execution_time_ms},
            [](bool) {});
}

}  // namespace cockpit::dispatch
