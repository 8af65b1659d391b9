// Dispatcher: what is done about open commands as time goes by.

#include <algorithm>
#include <set>

#include "log/log.hpp"
#include "server/dispatch/dispatcher.hpp"

namespace cockpit::dispatch {
using protocol::CommandState;
namespace {

// A command that waits at its host, or whose receipt was lost, is asked for again this often; a
// host answers a repeated entry with what it knows.
constexpr std::int64_t resend_pause_ms = 2'000;
// The same for one that runs: the host's own word normally comes by itself.
constexpr std::int64_t running_resend_pause_ms = 30'000;
constexpr std::int64_t look_for_others_pause_ms = 15'000;

}  // namespace

void Dispatcher::on_tick() {
    const auto now = clock_.wall_ms();
    look_for_others(now);
    for (auto& [id, open] : open_) {
        if (!open.being_written) look_after(open, now);
    }
}

// Until then an attempt that is not on the wire yet may be put there.
std::int64_t Dispatcher::start_limit_ms(const CommandRecord& record) const {
    if (!record.next_attempt_at_ms) return record.expires_at_ms;
    return std::max(record.expires_at_ms,
                    *record.next_attempt_at_ms + settings_.delivery_timeout_ms);
}

void Dispatcher::look_after(Open& open, std::int64_t now_ms) {
    auto& record = open.record;
    if (record.state == CommandState::pending && !record.dispatched) {
        return dispatch_waiting(open, now_ms);
    }
    const auto agent = protocol::AgentId::parse(record.agent_id);
    const auto view = agent ? directory_.find(*agent, now_ms) : std::nullopt;
    if (is_original(record.agent_id)) {
        // It knows no expiry and receipts nothing: all that can be said is that no answer came.
        if (now_ms > record.expires_at_ms) {
            close(open, CommandState::timeout,
                  "the host's original agent did not answer in time; whether it ran is unknown");
        }
        return;
    }
    // What is on the wire, or was taken, ends by the host's word: it answers a repeated entry with
    // what it knows, "too late" among it. Silence proves nothing, least of all our own.
    if (view && view->presence == Presence::online) {
        open.away_since_ms = 0;
        const auto pause = record.state == CommandState::pending || record.cancel_requested_at_ms
                               ? resend_pause_ms
                               : running_resend_pause_ms;
        if (now_ms - open.last_sent_ms >= pause) send(open);
        return;
    }
    if (view && view->presence == Presence::unknown) return;
    if (open.away_since_ms == 0) open.away_since_ms = now_ms;
    if (now_ms - open.away_since_ms > settings_.give_up_ms && now_ms > record.expires_at_ms) {
        close(
            open, CommandState::interrupted,
            "the host went away with the command and did not come back; whether it ran is unknown");
    }
}

// Never on the wire, so nothing but this server's own decision lets it run.
void Dispatcher::dispatch_waiting(Open& open, std::int64_t now_ms) {
    auto& record = open.record;
    const auto agent = protocol::AgentId::parse(record.agent_id);
    const auto held = agent && !record.forced ? forbids(*agent) : std::nullopt;
    if (held && now_ms > start_limit_ms(record)) {
        return close(open, record.attempt > 1 ? CommandState::interrupted : CommandState::expired,
                     "it was held until its time was over, and was not sent: " + *held);
    }
    if (now_ms > start_limit_ms(record) && record.attempt > 1) {
        return close(open, CommandState::interrupted,
                     "an earlier attempt did not succeed, and the host did not come in time for "
                     "another; how each attempt ended is kept");
    }
    if (now_ms > start_limit_ms(record)) {
        return close(open, CommandState::expired,
                     "the host did not come in time; the command was not sent and will not run");
    }
    if (record.next_attempt_at_ms && now_ms < *record.next_attempt_at_ms) return;
    if (held) return;
    const auto view = agent ? directory_.find(*agent, now_ms) : std::nullopt;
    if (!view || view->presence != Presence::online) return;
    open.being_written = true;
    const auto expires_at = std::max(
        record.expires_at_ms, now_ms + (record.attempt > 1 ? settings_.delivery_timeout_ms : 0));
    store_.mark_dispatched(
        attempt_of(record), expires_at, [this, id = record.command_id](auto outcome) {
            const auto found = open_.find(id);
            if (found == open_.end()) return;
            found->second.being_written = false;
            if (!outcome) {
                log::error("a waiting command was not sent: the database failed",
                           {{"command_id", id}, {"error", outcome.error().message}});
                return;
            }
            if (!outcome->record) {
                open_.erase(found);
                return;
            }
            if (is_final(outcome->record->state)) return settle_here(*outcome->record, false);
            found->second.record = *outcome->record;
            if (outcome->changed) send(found->second);
        });
}

void Dispatcher::close(Open& open, CommandState state, std::string why) {
    open.being_written = true;
    CommandUpdate update{.attempt = attempt_of(open.record),
                         .agent_id = open.record.agent_id,
                         .state = state,
                         .at_ms = clock_.wall_ms(),
                         .error = std::move(why),
                         .only_undispatched = !open.record.dispatched};
    // What was never on the wire did not get interrupted itself, so it is not begun once more.
    if (state == CommandState::interrupted && open.record.dispatched) {
        update.retry_at_ms = retry_at(open.record, state);
    }
    store_.update(std::move(update), [this, id = open.record.command_id](auto outcome) {
        const auto found = open_.find(id);
        if (found == open_.end()) return;
        found->second.being_written = false;
        if (!outcome) {
            log::error("the end of a command was not written",
                       {{"command_id", id}, {"error", outcome.error().message}});
        } else if (!outcome->record) {
            open_.erase(found);
        } else {
            settle_here(*outcome->record, outcome->changed);
        }
    });
}

// Rows that another server took in and, perhaps, died with; and ends that nobody told us of.
void Dispatcher::look_for_others(std::int64_t now_ms) {
    if (looking_for_others_ || now_ms - looked_for_others_ms_ < look_for_others_pause_ms) return;
    looking_for_others_ = true;
    looked_for_others_ms_ = now_ms;
    store_.open_commands([this](auto records) {
        looking_for_others_ = false;
        if (!records) return;
        std::set<std::string> still_open;
        for (const auto& record : *records)
            still_open.insert(record.command_id);
        for (const auto& [id, open] : open_) {
            if (!still_open.contains(id)) on_ended_elsewhere(attempt_of(open.record).command);
        }
        take_up(*std::move(records));
    });
}

}  // namespace cockpit::dispatch
