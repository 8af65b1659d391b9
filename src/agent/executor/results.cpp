// The part of the executor that keeps results until the server has them.
#include <algorithm>

#include "agent/executor/admission.hpp"
#include "agent/executor/executor.hpp"
#include "log/log.hpp"
#include "runtime/fault_point.hpp"

namespace cockpit::executor {

void Executor::log_failure(const Journal::Written& result) {
    if (result) return;
    log::error("a record could not be written to the journal", {{"error", result.error()}});
}

void Executor::finish(const protocol::AttemptId& attempt, protocol::Finished finished,
                      runtime::Callback<Journal::Written> written) {
    auto& known = known_.at(attempt);
    log::info("command ended", {{"command_id", attempt.command.text()},
                                {"attempt", attempt.attempt},
                                {"state", protocol::to_text(finished.state)},
                                {"execution_time_ms", finished.execution_time_ms}});
    if (known.journaled) {
        runtime::fault_point("before_finished");
        append(FinishedRecord{finished, known.expires_at_ms},
               [written = std::move(written)](Journal::Written result) mutable {
                   runtime::fault_point("after_finished");
                   if (written) return written(std::move(result));
                   log_failure(result);
               });
    }
    output_ended(finished);
    keep(attempt, known, std::move(finished));
}

void Executor::refuse(const protocol::AttemptId& attempt, std::int64_t expires_at_ms,
                      std::string reason, protocol::Refused::Cause cause) {
    log::warning(
        "a command was refused",
        {{"command_id", attempt.command.text()}, {"attempt", attempt.attempt}, {"reason", reason}});
    protocol::Refused refused{settings_.agent, attempt, std::move(reason), clock_.wall_ms(), cause};
    if (known_.size() >= settings_.max_remembered && !known_.contains(attempt)) {
        return reports_.report(refused);  // no room to keep it; the server asks again
    }
    auto& known = known_[attempt];
    // What would have to be remembered for longer than is allowed was not accepted, so nothing is
    // lost by forgetting its refusal early.
    known.expires_at_ms = std::min(expires_at_ms, clock_.wall_ms() + settings_.max_lifetime_ms);
    known.job.reset();
    known.running = false;
    if (known.journaled) append(RefusedRecord{refused, known.expires_at_ms});
    keep(attempt, known, std::move(refused));
}

void Executor::keep(const protocol::AttemptId& attempt, Known& known, Result result) {
    known.result = std::move(result);
    known.resend_pause_ms = settings_.resend_first_ms;
    known.resend_at_ms = clock_.steady_ms() + known.resend_pause_ms;
    say(known);
    unacknowledged_.insert(attempt);
    if (unacknowledged_.size() > settings_.max_unacknowledged) drop_oldest_result();
    changed();
}

void Executor::say(const Known& known) {
    if (const auto* finished = std::get_if<protocol::Finished>(&known.result)) {
        reports_.report(*finished);
    } else if (const auto* refused = std::get_if<protocol::Refused>(&known.result)) {
        reports_.report(*refused);
    }
}

void Executor::say_progress(const protocol::AttemptId& attempt, const Known& known) {
    if (!known.job) return;
    const auto now = clock_.wall_ms();
    if (known.running) {
        reports_.report(protocol::Started{settings_.agent, attempt, now});
    } else if (queue_.is_waiting(*known.job)) {
        reports_.report(protocol::Received{settings_.agent, attempt, now});
    }
}

void Executor::repeat(const protocol::AttemptId& attempt, Known& known, Settled settled) {
    log::debug("an entry came again", {{"command_id", attempt.command.text()}});
    // Until the first copy is on the disk, this one is the only one that a crash would leave.
    if (known.recording) {
        known.until_recorded.push_back(std::move(settled));
        return;
    }
    if (settled) settled();
    say(known);
    say_progress(attempt, known);
}

void Executor::recorded(const protocol::AttemptId& attempt) {
    const auto known = known_.find(attempt);
    if (known == known_.end()) return;
    known->second.recording = false;
    for (auto& settled : std::exchange(known->second.until_recorded, {})) {
        if (settled) settled();
    }
}

void Executor::take_ack(const protocol::Entry& entry) {
    const auto ack = protocol::decode_ack(entry.body);
    if (!ack) return reject("its body cannot be read: " + ack.error(), entry);
    if (ack->agent != settings_.agent) {
        return reject("it is addressed to the agent '" + ack->agent.text() + "'", entry);
    }
    if (!ack->attempt) {
        // Each answer comes by two ways, and an old one may be played back.
        if (ack->issued_at_ms <= last_hello_answer_ms_) return;
        last_hello_answer_ms_ = ack->issued_at_ms;
        return reports_.hello_answered(*ack);
    }
    if (ack->output_next) {
        if (outputs_) outputs_->acknowledged(*ack->attempt, *ack->output_next);
        return;
    }
    const auto known = known_.find(*ack->attempt);
    if (known == known_.end() || unacknowledged_.erase(*ack->attempt) == 0) return;
    known->second.result = std::monostate{};
    if (known->second.journaled) {
        runtime::fault_point("before_acknowledged");
        append(AcknowledgedRecord{*ack->attempt, known->second.expires_at_ms},
               [](const Journal::Written& result) {
                   runtime::fault_point("after_acknowledged");
                   log_failure(result);
               });
    }
}

void Executor::drop_oldest_result() {
    const auto at_ms = [&](const protocol::AttemptId& attempt) {
        const auto& result = known_.at(attempt).result;
        if (const auto* finished = std::get_if<protocol::Finished>(&result)) return finished->at_ms;
        if (const auto* refused = std::get_if<protocol::Refused>(&result)) return refused->at_ms;
        return std::int64_t{0};
    };
    const auto oldest = std::ranges::min_element(unacknowledged_, {}, at_ms);
    auto& known = known_.at(*oldest);
    log::error("a result is given up: too many wait for the server's acknowledgement",
               {{"command_id", oldest->command.text()}, {"kept", settings_.max_unacknowledged}});
    known.result = std::monostate{};
    if (known.journaled) append(AcknowledgedRecord{*oldest, known.expires_at_ms});
    unacknowledged_.erase(oldest);
}

void Executor::on_link_up() {
    const auto now = clock_.steady_ms();
    for (const auto& attempt : unacknowledged_) {
        auto& known = known_.at(attempt);
        known.resend_pause_ms = settings_.resend_first_ms;
        known.resend_at_ms = now + known.resend_pause_ms;
        say(known);
    }
    for (const auto& [attempt, known] : known_)
        say_progress(attempt, known);
    if (outputs_) outputs_->on_link_up();
    changed();
}

}  // namespace cockpit::executor
