// The part of the executor that takes up what an earlier run of the agent left.
#include <algorithm>

#include "agent/executor/admission.hpp"
#include "agent/executor/executor.hpp"
#include "agent/executor/secrets.hpp"
#include "log/log.hpp"

namespace cockpit::executor {

void Executor::restore(JournalContents contents) {
    forgotten_until_ms_ = contents.forgotten_until_ms;
    issued_after_ms_ = contents.issued_after_ms;
    // All are known before any runs: nothing that is restored may pass for new.
    for (auto& each : contents.attempts) {
        auto& known = known_[each.attempt];
        known.expires_at_ms = each.expires_at_ms;
        known.journaled = true;
        if (each.acknowledged) continue;
        if (each.finished) {
            output_ended(*each.finished);
            keep(each.attempt, known, std::move(*each.finished));
        } else if (each.refused) {
            keep(each.attempt, known, std::move(*each.refused));
        }
    }
    // What runs holds its resource before what waits may ask for it.
    for (auto& each : contents.attempts) {
        if (!each.acknowledged && !each.finished && !each.refused && each.started) {
            resume(std::move(each));
        }
    }
    for (auto& each : contents.attempts) {
        if (each.acknowledged || each.finished || each.refused) continue;
        if (each.started || !each.run) continue;
        auto reason = obstacle(*each.run, Way::stream);
        const auto opener = opener_for(each.run->attempt);
        auto admitted = admit(handlers_, each.run->command, each.run->params, &opener);
        if (!reason && !admitted) reason = admitted.error();
        if (reason) {
            refuse(each.attempt, each.expires_at_ms, *std::move(reason));
        } else {
            accept(*each.run, *admitted->handler, std::move(admitted->params), true, nullptr);
        }
    }
    outputs_restored();
    changed();
}

void Executor::resume(JournaledAttempt journaled) {
    const auto attempt = journaled.attempt;
    const auto started = *journaled.started;
    const bool same_boot = started.boot_id == settings_.boot_id;
    const auto now = clock_.wall_ms();
    if (!same_boot || !started.process || leftovers_ == nullptr) {
        return finish(attempt, {.agent = settings_.agent,
                                .attempt = attempt,
                                .state = protocol::CommandState::interrupted,
                                .error = std::string(same_boot ? "the agent" : "the host") +
                                         " was restarted while the command ran: its outcome is "
                                         "unknown",
                                .at_ms = now});
    }
    // Without a look at the owner's rules: what runs was allowed when it began.
    CommandHandler* handler = nullptr;
    Task task{.attempt = attempt};
    if (journaled.run) {
        const auto& run = *journaled.run;
        const auto named = std::ranges::find(handlers_, run.command,
                                             [](const auto& each) { return each->schema().name; });
        if (named != handlers_.end()) {
            const auto opener = opener_for(attempt);
            const auto& schema = (*named)->schema();
            auto params = open_secrets(schema, run.params, &opener);
            if (params) params = protocol::validate_parameters(schema, *params);
            if (params) {
                handler = named->get();
                task.params = *std::move(params);
                task.timeout_ms = time_limit(run, *handler);
            }
        }
    }
    log::info("looking for a command that ran when this agent ended",
              {{"command_id", attempt.command.text()},
               {"attempt", attempt.attempt},
               {"pid", started.process->pid}});
    auto& known = known_.at(attempt);
    known.running = true;
    output_started(attempt);
    known.job = queue_.add_running(
        {.handler = handler,
         .task = task,
         .ended = [this, attempt](Ending ending) { ended(attempt, std::move(ending)); }},
        std::max<std::int64_t>(now - started.at_ms, 0),
        [&](const std::function<CommandHandler::Done()>& done) {
            std::unique_ptr<Execution> execution;
            if (handler != nullptr) execution = handler->resume(task, *started.process, done());
            return execution ? std::move(execution)
                             : leftovers_->end(task, *started.process, done());
        });
}

}  // namespace cockpit::executor
