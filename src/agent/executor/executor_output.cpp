// Where the executor meets the output of commands: what runs and ends is told to the sender, what
// the server says about output goes there.
#include "agent/executor/executor.hpp"
#include "log/log.hpp"

namespace cockpit::executor {

void Executor::stream_outputs(OutputSource& source, OutputSettings settings) {
    outputs_ = std::make_unique<OutputSender>(settings, settings_.agent, source, reports_, clock_);
    outputs_->on_change([this] { changed(); });
}

void Executor::output_started(const protocol::AttemptId& attempt) {
    // What is not in the journal prints nothing but its result.
    if (outputs_ && known_.at(attempt).journaled) outputs_->started(attempt);
}

void Executor::output_ended(const protocol::Finished& finished) {
    if (outputs_) outputs_->ended(finished);
}

void Executor::outputs_restored() {
    if (!outputs_) return;
    outputs_->restored([this](const protocol::AttemptId& attempt) {
        const auto known = known_.find(attempt);
        return known != known_.end() && known->second.job.has_value();
    });
    // Killed before the keeper made its files, the agent finds no output of what runs.
    for (const auto& [attempt, known] : known_) {
        if (known.running) output_started(attempt);
    }
}

void Executor::take_fetch(const protocol::Entry& entry) {
    const auto fetch = protocol::decode_fetch(entry.body);
    if (!fetch) return reject("its body cannot be read: " + fetch.error(), entry);
    if (fetch->agent != settings_.agent) {
        return reject("it is addressed to the agent '" + fetch->agent.text() + "'", entry);
    }
    if (fetch->expires_at_ms <= clock_.wall_ms()) {
        log::debug("a request for output came too late and is not answered",
                   {{"command_id", fetch->attempt.command.text()}});
        return;
    }
    if (outputs_) return outputs_->fetch(*fetch);
    reports_.report(protocol::Output{.agent = settings_.agent,
                                     .attempt = fetch->attempt,
                                     .offset = fetch->offset,
                                     .at_ms = clock_.wall_ms(),
                                     .fetch_id = fetch->fetch_id,
                                     .problem = "this host keeps no output of commands"});
}

}  // namespace cockpit::executor
