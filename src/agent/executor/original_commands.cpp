#include "agent/executor/original_commands.hpp"

#include "log/log.hpp"
#include "protocol/original.hpp"
#include "protocol/text.hpp"

namespace cockpit::executor {
namespace {

std::pair<std::string_view, std::optional<std::string>> status_of(const Ending& ending) {
    switch (ending.kind) {
        case Ending::Kind::ran:
            return {protocol::original::status_word(ending.outcome.state), ending.outcome.error};
        case Ending::Kind::expired:
            return {"error", "it waited too long to start"};
        case Ending::Kind::cancelled:
            return {"error", "cancelled before it started: this agent is shutting down"};
        case Ending::Kind::not_started:
            return {"error", ending.why};
    }
    return {"error", std::nullopt};
}

}  // namespace

OriginalCommands::OriginalCommands(Settings settings, const CommandHandlers& handlers,
                                   RunQueue& queue, const runtime::Clock& clock, Reports& reports,
                                   std::function<void()> ended)
    : settings_(settings),
      handlers_(handlers),
      queue_(queue),
      clock_(clock),
      reports_(reports),
      ended_(std::move(ended)) {}

void OriginalCommands::take(std::string_view message, bool shutting_down) {
    if (message.size() > max_body_bytes) {
        log::warning("a message on the command channel is too large and was dropped",
                     {{"bytes", message.size()}});
        return;
    }
    const auto command = protocol::original::decode_command(message);
    if (!command) {
        log::warning("a message on the command channel is no command and was dropped",
                     {{"reason", command.error()}});
        return;
    }
    const auto& id = command->command_id;
    if (!settings_.allowed) {
        log::warning("an unsigned command was refused",
                     {{"command_id", id}, {"command", command->command}});
        answer(id, "error", "",
               "this agent takes signed commands only; the owner of its host can set "
               "ALLOW_UNSIGNED=true to let it take unsigned ones");
        return;
    }
    if (taken_.contains(id)) {
        log::info("an unsigned command came again and was not run again", {{"command_id", id}});
        return;
    }
    const auto refuse = [&](std::string reason) {
        log::warning("an unsigned command was refused", {{"command_id", id}, {"reason", reason}});
        answer(id, "error", "", std::move(reason));
    };
    if (shutting_down) return refuse("this agent is shutting down");
    auto admitted = admit(handlers_, command->command, command->params, nullptr);
    if (!admitted) return refuse(std::move(admitted.error()));
    if (queue_.waiting() >= settings_.max_waiting) {
        return refuse("this host is busy: " + std::to_string(queue_.waiting()) +
                      " commands wait already (MAX_BUFFERED_COMMANDS)");
    }
    if (taken_.size() >= settings_.max_remembered) {
        return refuse("this host is busy: it remembers " + std::to_string(taken_.size()) +
                      " unsigned commands of the last minutes, which is as many as it may");
    }
    taken_.emplace(id, clock_.steady_ms());
    log::info("unsigned command accepted",
              {{"command_id", id}, {"command", command->command}, {"sender", command->sender}});
    queue_.add({.handler = admitted->handler,
                .task = {.params = std::move(admitted->params),
                         .timeout_ms = admitted->handler->schema().timeout_ms},
                .ended = [this, id](Ending ending) {
                    const auto [status, error] = status_of(ending);
                    log::info("unsigned command ended", {{"command_id", id}, {"status", status}});
                    answer(id, status, protocol::to_utf8(ending.outcome.output), error,
                           ending.execution_time_ms);
                    if (ending.kind == Ending::Kind::ran) ended_();
                }});
}

void OriginalCommands::answer(const std::string& command_id, std::string_view status,
                              std::string output, std::optional<std::string> error,
                              std::int64_t execution_time_ms) {
    if (error) error = protocol::to_utf8(*error);
    reports_.answer_original({.command_id = command_id,
                              .status = std::string(status),
                              .output = std::move(output),
                              .error = std::move(error),
                              .execution_time_ms = execution_time_ms,
                              .timestamp_s = clock_.wall_ms() / 1000});
}

void OriginalCommands::forget_old() {
    const auto before = clock_.steady_ms() - settings_.memory_ms;
    std::erase_if(taken_, [&](const auto& entry) { return entry.second < before; });
}

}  // namespace cockpit::executor
