#include "agent/executor/executor.hpp"

#include <algorithm>

#include "agent/executor/admission.hpp"
#include "crypto/digest.hpp"
#include "crypto/encoding.hpp"
#include "log/log.hpp"
#include "protocol/text.hpp"
#include "runtime/fault_point.hpp"

namespace cockpit::executor {
namespace {

// An id is remembered a little longer than its entry is valid, so that a late copy is told from a
// new one.
constexpr std::int64_t memory_margin_ms = 60'000;
constexpr std::int64_t forgetting_interval_ms = 60'000;
constexpr std::string_view shutting_down = "this agent is shutting down";

void fill_in(protocol::Finished& finished, Outcome outcome) {
    finished.state = outcome.state;
    // For what was no process of ours, what the handler says is all there is.
    if (!outcome.output_bytes) {
        outcome.output_bytes = static_cast<std::int64_t>(outcome.output.size());
        outcome.output_sha256 = crypto::to_hex(crypto::sha256(outcome.output));
    }
    finished.output = protocol::to_utf8(outcome.output);
    if (outcome.error) finished.error = protocol::to_utf8(*outcome.error);
    finished.exit_code = outcome.exit_code;
    finished.signal = outcome.signal;
    finished.cpu_ms = outcome.cpu_ms;
    finished.peak_memory_bytes = outcome.peak_memory_bytes;
    finished.containment = std::move(outcome.containment);
    finished.output_bytes = outcome.output_bytes;
    finished.output_sha256 = std::move(outcome.output_sha256);
}

}  // namespace

Executor::Executor(Settings settings, const CommandHandlers& handlers, const runtime::Clock& clock,
                   Journal& journal, Reports& reports, Leftovers* leftovers)
    : settings_(std::move(settings)),
      handlers_(handlers),
      clock_(clock),
      journal_(journal),
      reports_(reports),
      leftovers_(leftovers),
      queue_(settings_.max_running, clock),
      original_({.allowed = settings_.allow_unsigned, .max_waiting = settings_.max_waiting},
                handlers, queue_, clock, reports,
                [this] {
                    ++executed_;
                    changed();
                }),
      next_forgetting_ms_(clock.steady_ms() + forgetting_interval_ms),
      self_(std::make_shared<Executor*>(this)) {}

void Executor::append(JournalRecord record, runtime::Callback<Journal::Written> written) {
    if (!written) {
        written = [](Journal::Written result) { log_failure(result); };
    }
    journal_.append(std::move(record), [self = std::weak_ptr(self_), written = std::move(written)](
                                           Journal::Written result) mutable {
        if (self.lock()) written(std::move(result));
    });
}

void Executor::take(const protocol::Entry& entry, Way way, Settled settled) {
    const auto settle = [&] {
        if (settled) settled();
    };
    if (auto genuine = verify(entry, settings_.server_keys); !genuine) {
        reject(genuine.error(), entry);
        return settle();
    }
    switch (entry.kind) {
        case protocol::EntryKind::run:
            take_run(entry, way, std::move(settled));
            break;
        case protocol::EntryKind::cancel:
            take_cancel(entry, std::move(settled));
            break;
        case protocol::EntryKind::ack:
            take_ack(entry);
            settle();
            break;
        case protocol::EntryKind::fetch:
            take_fetch(entry);
            settle();
            break;
        default:
            reject("its kind is not one that a server sends to an agent", entry);
            settle();
    }
    changed();
}

void Executor::take_original(std::string_view message) {
    original_.take(message, !taking_);
    changed();
}

void Executor::reject(std::string_view why, const protocol::Entry& entry) {
    ++rejected_;
    // Whoever can write to Redis could fill the disk with these lines.
    if (rejected_ <= 20 || rejected_ % 1000 == 0) {
        log::warning("an entry was rejected and will not be looked at again",
                     {{"reason", why},
                      {"kind", protocol::to_text(entry.kind)},
                      {"key_id", entry.key_id.substr(0, 32)},
                      {"rejected", rejected_}});
    }
}

void Executor::take_run(const protocol::Entry& entry, Way way, Settled settled) {
    const auto settle = [&] {
        if (settled) settled();
    };
    const auto run = protocol::decode_run(entry.body);
    if (!run) {
        reject("its body cannot be read: " + run.error(), entry);
        return settle();
    }
    if (run->agent != settings_.agent) {
        reject("it is addressed to the agent '" + run->agent.text() + "'", entry);
        return settle();
    }
    if (const auto known = known_.find(run->attempt); known != known_.end()) {
        return repeat(run->attempt, known->second, std::move(settled));
    }
    if (auto reason = obstacle(*run, way)) {
        const bool late = taking_ && run->expires_at_ms <= clock_.wall_ms();
        refuse(run->attempt, run->expires_at_ms, *std::move(reason),
               late ? protocol::Refused::Cause::arrived_late : protocol::Refused::Cause::policy);
        return settle();
    }
    const auto opener = opener_for(run->attempt);
    auto admitted = admit(handlers_, run->command, run->params, &opener);
    if (!admitted) {
        refuse(run->attempt, run->expires_at_ms, std::move(admitted.error()));
        return settle();
    }
    if (queue_.waiting() >= settings_.max_waiting) {
        refuse(run->attempt, run->expires_at_ms,
               "this host is busy: " + std::to_string(queue_.waiting()) +
                   " commands wait already (MAX_BUFFERED_COMMANDS)");
        return settle();
    }
    accept(*run, *admitted->handler, std::move(admitted->params), false, std::move(settled));
}

std::optional<std::string> Executor::obstacle(const protocol::Run& run, Way way) const {
    const auto now = clock_.wall_ms();
    if (!taking_) return std::string(shutting_down);
    if (run.expires_at_ms <= now) {
        auto sentence = "it expired " + duration_text(now - run.expires_at_ms) +
                        " ago by the clock of this host";
        // Sent while it was still good, and here at once: only the clocks can make it late.
        if (way == Way::channel && run.issued_at_ms < run.expires_at_ms) {
            sentence +=
                "; it arrived at once, so the clocks of this host and of the server are about " +
                duration_text(now - run.issued_at_ms) + " apart: set both by NTP";
        }
        return sentence;
    }
    if (run.expires_at_ms - run.issued_at_ms > settings_.max_lifetime_ms ||
        run.expires_at_ms - now > settings_.max_lifetime_ms) {
        auto sentence = "it would be valid for " + duration_text(run.expires_at_ms - now) +
                        "; this agent takes commands that expire within " +
                        duration_text(settings_.max_lifetime_ms);
        if (run.issued_at_ms - now > memory_margin_ms) {
            sentence += "; it was issued " + duration_text(run.issued_at_ms - now) +
                        " ahead of the clock of this host: set both clocks by NTP";
        }
        return sentence;
    }
    if (run.expires_at_ms <= forgotten_until_ms_) {
        return "it may be a repeat: the clock of this host went back, and attempts that expired "
               "as late as this one are already forgotten";
    }
    if (run.issued_at_ms < issued_after_ms_) {
        return "it may be a repeat: this host's journal was damaged, and whether a command issued "
               "before then was run cannot be told";
    }
    if (run.timeout_ms && *run.timeout_ms <= 0) return "its timeout_ms must be more than 0";
    if (known_.size() >= settings_.max_remembered) {
        return "this host is busy: it remembers " + std::to_string(known_.size()) +
               " commands that have not expired, which is as many as it may";
    }
    return std::nullopt;
}

void Executor::accept(const protocol::Run& run, CommandHandler& handler, boost::json::object params,
                      bool already_journaled, Settled settled) {
    const auto attempt = run.attempt;
    const bool pure = handler.schema().pure;
    known_.insert_or_assign(attempt, Known{.expires_at_ms = run.expires_at_ms,
                                           .journaled = !pure || already_journaled});
    log::info("command accepted", {{"command_id", attempt.command.text()},
                                   {"attempt", attempt.attempt},
                                   {"command", run.command},
                                   {"sender", run.sender}});

    const auto say_received_if_waiting = [this, attempt] {
        const auto known = known_.find(attempt);
        if (known == known_.end() || !known->second.job || known->second.running) return;
        reports_.report(protocol::Received{settings_.agent, attempt, clock_.wall_ms()});
    };

    Job job{.handler = &handler,
            .task = {.params = std::move(params),
                     .timeout_ms = time_limit(run, handler),
                     .attempt = attempt},
            .start_before_ms = run.expires_at_ms,
            .started =
                [this, attempt] {
                    const auto known = known_.find(attempt);
                    if (known == known_.end()) return;
                    known->second.running = true;
                    output_started(attempt);
                    reports_.report(protocol::Started{settings_.agent, attempt, clock_.wall_ms()});
                    changed();
                },
            .ended = [this, attempt](Ending ending) { ended(attempt, std::move(ending)); }};
    if (pure) {
        if (settled) settled();
    } else {
        job.before_start = [this, attempt](std::optional<ProcessMark> process, Job::Go go) {
            runtime::fault_point("before_started");
            append(StartedRecord{attempt, clock_.wall_ms(), settings_.boot_id, process},
                   [go = std::move(go)](Journal::Written written) mutable {
                       if (!written) {
                           return go("this host cannot record that it starts: " + written.error());
                       }
                       runtime::fault_point("after_started");
                       go(std::nullopt);
                       runtime::fault_point("after_go");
                   });
        };
        if (already_journaled) {
            if (settled) settled();
        } else {
            // Appended before the job may take its turn: one sync then holds both records.
            auto& recording = known_.at(attempt);
            recording.recording = true;
            recording.until_recorded.push_back(std::move(settled));
            runtime::fault_point("before_accepted");
            append(AcceptedRecord{run},
                   [this, attempt, say_received_if_waiting](Journal::Written written) {
                       runtime::fault_point("after_accepted");
                       recorded(attempt);
                       if (written) return say_received_if_waiting();
                       const auto known = known_.find(attempt);
                       if (known == known_.end() || !known->second.job ||
                           !queue_.remove(*known->second.job)) {
                           return;
                       }
                       refuse(attempt, known->second.expires_at_ms,
                              "this host cannot record the command: " + written.error());
                   });
        }
    }
    const auto id = queue_.add(std::move(job));
    // add() may have ended it already, and then there is nothing to point at.
    const auto known = known_.find(attempt);
    if (known != known_.end() && std::holds_alternative<std::monostate>(known->second.result)) {
        known->second.job = id;
    }
    if (known != known_.end() && !known->second.recording) say_received_if_waiting();
}

void Executor::ended(const protocol::AttemptId& attempt, Ending ending) {
    const auto known = known_.find(attempt);
    if (known == known_.end()) return;
    const auto now = clock_.wall_ms();
    known->second.job.reset();
    known->second.running = false;
    const auto expires_at_ms = known->second.expires_at_ms;
    protocol::Finished finished{.agent = settings_.agent,
                                .attempt = attempt,
                                .execution_time_ms = ending.execution_time_ms,
                                .at_ms = now};
    switch (ending.kind) {
        case Ending::Kind::ran:
            ++executed_;
            fill_in(finished, std::move(ending.outcome));
            if (stopping_running_ && finished.state == protocol::CommandState::cancelled) {
                finished.error = "stopped because this agent was shutting down";
            }
            return finish(attempt, std::move(finished));
        case Ending::Kind::cancelled:
            if (!taking_) return refuse(attempt, expires_at_ms, std::string(shutting_down));
            finished.state = protocol::CommandState::cancelled;
            finished.error = "cancelled before it started";
            return finish(attempt, std::move(finished));
        case Ending::Kind::expired:
            return refuse(attempt, expires_at_ms,
                          "it expired while it waited for its turn on this host",
                          protocol::Refused::Cause::expired);
        case Ending::Kind::not_started:
            return refuse(attempt, expires_at_ms, std::move(ending.why));
    }
}

void Executor::take_cancel(const protocol::Entry& entry, Settled settled) {
    const auto settle = [&] {
        if (settled) settled();
    };
    const auto cancel = protocol::decode_cancel(entry.body);
    if (!cancel) {
        reject("its body cannot be read: " + cancel.error(), entry);
        return settle();
    }
    if (cancel->agent != settings_.agent) {
        reject("it is addressed to the agent '" + cancel->agent.text() + "'", entry);
        return settle();
    }
    const auto now = clock_.wall_ms();
    const auto& attempt = cancel->attempt;
    const log::Field id{"command_id", attempt.command.text()};
    if (const auto known = known_.find(attempt); known != known_.end()) {
        log::info("asked to cancel a command", {id});
        if (known->second.job) {
            queue_.cancel(*known->second.job);
        } else {
            return repeat(attempt, known->second, std::move(settled));
        }
        return settle();
    }
    if (cancel->expires_at_ms <= now || cancel->expires_at_ms - now > settings_.max_lifetime_ms ||
        known_.size() >= settings_.max_remembered) {
        log::warning("asked to cancel a command that this host does not know; ignored", {id});
        return settle();
    }
    // Its run may still be under way on the other road, and must then find itself cancelled; also
    // after a restart, so the stream's copy stays until that is on disk.
    log::info("asked to cancel a command that has not arrived", {id});
    auto& known = known_[attempt];
    known.expires_at_ms = cancel->expires_at_ms;
    known.journaled = known.recording = true;
    known.until_recorded.push_back(std::move(settled));
    finish(attempt,
           {.agent = settings_.agent,
            .attempt = attempt,
            .state = protocol::CommandState::cancelled,
            .error = "cancelled before it arrived",
            .at_ms = now},
           [this, attempt](const Journal::Written&) { recorded(attempt); });
}

void Executor::on_time() {
    queue_.on_time();
    if (outputs_) outputs_->on_time();
    const auto now = clock_.steady_ms();
    for (const auto& attempt : unacknowledged_) {
        auto& known = known_.at(attempt);
        if (known.resend_at_ms > now) continue;
        known.resend_pause_ms = std::min(known.resend_pause_ms * 2, settings_.resend_cap_ms);
        known.resend_at_ms = now + known.resend_pause_ms;
        say(known);
    }
    if (next_forgetting_ms_ <= now) {
        next_forgetting_ms_ = now + forgetting_interval_ms;
        forget_expired();
        original_.forget_old();
    }
}

std::optional<std::int64_t> Executor::next_deadline_ms() const {
    auto next = next_forgetting_ms_;
    if (const auto queued = queue_.next_deadline_ms()) next = std::min(next, *queued);
    if (outputs_) next = std::min(next, outputs_->next_deadline_ms().value_or(next));
    for (const auto& attempt : unacknowledged_) {
        next = std::min(next, known_.at(attempt).resend_at_ms);
    }
    return next;
}

void Executor::forget_expired() {
    const auto before = clock_.wall_ms() - memory_margin_ms;
    std::erase_if(known_, [&](const auto& entry) {
        const auto& [attempt, known] = entry;
        if (known.job || known.recording || unacknowledged_.contains(attempt) ||
            known.expires_at_ms > before) {
            return false;
        }
        forgotten_until_ms_ = std::max(forgotten_until_ms_, known.expires_at_ms);
        return true;
    });
}

void Executor::stop_taking() {
    taking_ = false;
    queue_.cancel_waiting();
    changed();
}

void Executor::stop_running() {
    stopping_running_ = true;
    queue_.cancel_running();
    changed();
}

void Executor::abandon_running() {
    queue_.abandon_running("this agent shut down while it ran and could not wait for its end");
    changed();
}

Executor::Counts Executor::counts() const {
    return {.running = static_cast<std::int64_t>(queue_.running()),
            .waiting = static_cast<std::int64_t>(queue_.waiting()),
            .executed = executed_,
            .rejected = rejected_,
            .unacknowledged = static_cast<std::int64_t>(unacknowledged_.size())};
}

}  // namespace cockpit::executor
