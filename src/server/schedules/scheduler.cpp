#include "server/schedules/scheduler.hpp"

#include <algorithm>
#include <boost/json/parse.hpp>

#include "log/log.hpp"

namespace cockpit::schedules {
namespace json = boost::json;
namespace {

constexpr std::int64_t lease_ms = 15'000;
constexpr std::int64_t look_for_abandoned_ms = 5'000;
// More than that many due times of an absence are not even counted.
constexpr std::size_t most_looked_at = 10'000;

std::optional<json::object> request_of(const std::string& text) {
    boost::system::error_code failed;
    auto value = json::parse(text, failed);
    if (failed || !value.is_object()) return std::nullopt;
    return std::move(value.as_object());
}

ScheduleError unavailable(const dispatch::StoreError& error) {
    log::error("schedules: the store failed", {{"error", error.message}});
    return {ScheduleError::Kind::store_unavailable,
            "the database is not available: nothing was changed; try again"};
}

ScheduleError not_found(const std::string& name) {
    return {ScheduleError::Kind::not_found, "there is no schedule '" + name + "'"};
}

std::string key_of(const FiringRecord& firing) {
    return "schedule " + firing.schedule + " " + std::to_string(firing.due_at_ms);
}

}  // namespace

std::string_view to_text(Kind kind) {
    switch (kind) {
        case Kind::command:
            return "command";
        case Kind::run:
            return "run";
        case Kind::deployment:
            return "deployment";
    }
    return "";
}

std::optional<Kind> parse_kind(std::string_view text) {
    for (const auto kind : {Kind::command, Kind::run, Kind::deployment})
        if (to_text(kind) == text) return kind;
    return std::nullopt;
}

Scheduler::Scheduler(const runtime::Clock& clock, ScheduleStore& store, Launchers launchers,
                     std::string owner)
    : clock_(clock), store_(store), launchers_(std::move(launchers)), owner_(std::move(owner)) {}

void Scheduler::restore(runtime::Callback<dispatch::StoreResult<bool>> done) {
    store_.load_schedules([this, done = std::move(done)](auto records) mutable {
        if (!records) return done(std::unexpected(records.error()));
        if (told_) told_(records->windows);
        adopt(std::move(records->schedules));
        done(true);
    });
}

void Scheduler::refresh() {
    if (refreshing_) return;
    refreshing_ = true;
    store_.load_schedules([this, changes = changes_](auto records) {
        refreshing_ = false;
        if (!records) {
            log::warning("schedules were not read again", {{"error", records.error().message}});
            return;
        }
        if (changes == changes_) adopt(std::move(records->schedules));
    });
}

void Scheduler::adopt(std::vector<ScheduleRecord> records) {
    std::map<std::string, Plan, std::less<>> plans;
    for (auto& record : records) {
        const auto name = record.name;
        const auto cursor =
            std::max(record.armed_at_ms, record.last_due_ms.value_or(record.armed_at_ms));
        const auto cron = Cron::parse(record.cron);
        const auto zone = Zone::find(record.zone);
        if (!cron || !zone) {
            log::error("a schedule is not understood and does not fire",
                       {{"schedule", name}, {"error", !cron ? cron.error().text() : zone.error()}});
            continue;
        }
        Plan plan{.record = std::move(record), .cron = *cron, .zone = *zone, .cursor_ms = cursor};
        if (const auto known = plans_.find(name); known != plans_.end()) {
            plan.busy = known->second.busy;
            if (known->second.record.armed_at_ms == plan.record.armed_at_ms) {
                plan.cursor_ms = std::max(plan.cursor_ms, known->second.cursor_ms);
            }
        }
        plans.emplace(name, std::move(plan));
    }
    plans_ = std::move(plans);
}

void Scheduler::on_tick() {
    const auto now = clock_.wall_ms();
    for (auto& [name, plan] : plans_) {
        if (plan.record.enabled && !plan.busy) look_after(name, plan, now);
    }
    take_over(now);
}

FiringRecord Scheduler::firing_of(const Plan& plan, std::int64_t due_ms) const {
    const auto now = clock_.wall_ms();
    return {.schedule = plan.record.name,
            .due_at_ms = due_ms,
            .by = "schedule:" + plan.record.name,
            .created_at_ms = now,
            .lease_owner = owner_,
            .lease_until_ms = now + lease_ms};
}

// What is due is fired; what was missed is fired or written down by the schedule's policy.
void Scheduler::look_after(const std::string& name, Plan& plan, std::int64_t now_ms) {
    std::vector<std::int64_t> missed;
    std::vector<std::int64_t> timely;
    std::size_t looked_at = 0;
    // What the policy leaves out anyhow need not be gone through.
    auto cursor_s = plan.cursor_ms / 1000;
    const auto reach_s =
        plan.record.missed == "skip" ? on_time_ms / 1000 : plan.record.missed_within_s;
    const bool long_absence = cursor_s < now_ms / 1000 - reach_s - 1;
    const auto from_s =
        std::max(cursor_s, now_ms / 1000 - std::max(reach_s, on_time_ms / 1000) - 1);
    std::optional<std::int64_t> left_out;
    if (long_absence) {
        if (const auto first = next_due(plan.cron, plan.zone, cursor_s); first && *first <= from_s)
            left_out = *first * 1000;
        // One row for a whole absence, not one for each time of it.
        plan.cursor_ms = from_s * 1000;
    }
    for (auto at = next_due(plan.cron, plan.zone, from_s); at && *at * 1000 <= now_ms;
         at = next_due(plan.cron, plan.zone, *at)) {
        const auto due_ms = *at * 1000;
        (now_ms - due_ms <= on_time_ms ? timely : missed).push_back(due_ms);
        if (++looked_at >= most_looked_at) break;
    }
    if (missed.empty() && timely.empty() && !left_out) return;

    std::vector<FiringRecord> firings;
    const std::size_t wanted = plan.record.missed == "all"    ? max_caught_up
                               : plan.record.missed == "once" ? 1
                                                              : 0;
    // Of "once" the latest time is enough, and a timely one is later.
    const auto caught_up =
        plan.record.missed == "once" && !timely.empty() ? 0 : std::min(wanted, missed.size());
    const auto first_caught = missed.end() - static_cast<std::ptrdiff_t>(caught_up);
    if (first_caught != missed.begin()) left_out = *(first_caught - 1);
    if (left_out) {
        auto firing = firing_of(plan, *left_out);
        firing.state = "missed";
        firing.detail = "no server was there in time; with 'missed': \"" + plan.record.missed +
                        "\" this one, and what was due shortly before it, is left out";
        firings.push_back(std::move(firing));
    }
    for (auto one = first_caught; one != missed.end(); ++one)
        firings.push_back(firing_of(plan, *one));
    for (const auto due : timely)
        firings.push_back(firing_of(plan, due));
    plan.busy = true;
    decide(name, std::move(firings), 0);
}

// One after the other: what failed, and all after it, is decided at the next tick.
void Scheduler::decide(const std::string& name, std::vector<FiringRecord> firings, std::size_t at) {
    const auto found = plans_.find(name);
    if (found == plans_.end()) return;
    if (at == firings.size()) {
        found->second.busy = false;
        return;
    }
    auto firing = firings[at];
    store_.add_firing(firing, [this, name, firings = std::move(firings), at](auto added) mutable {
        const auto plan = plans_.find(name);
        if (!added) {
            log::error("a firing was not written; it is tried again",
                       {{"schedule", name}, {"error", added.error().message}});
            if (plan != plans_.end()) plan->second.busy = false;
            return;
        }
        const auto decided = firings[at];
        if (plan != plans_.end()) {
            plan->second.cursor_ms = std::max(plan->second.cursor_ms, decided.due_at_ms);
        }
        if (*added && decided.state == "launching") begin(decided);
        decide(name, std::move(firings), at + 1);
    });
}

void Scheduler::take_over(std::int64_t now_ms) {
    if (now_ms >= looked_for_abandoned_ms_ &&
        now_ms - looked_for_abandoned_ms_ < look_for_abandoned_ms) {
        return;
    }
    looked_for_abandoned_ms_ = now_ms;
    store_.abandoned_firings(now_ms, [this, now_ms](auto abandoned) {
        if (!abandoned) return;
        for (auto& firing : *abandoned) {
            const auto until = now_ms + lease_ms;
            store_.take_firing(firing, owner_, until, now_ms,
                               [this, firing, until](auto taken) mutable {
                                   if (!taken || !*taken) return;
                                   firing.lease_owner = owner_;
                                   firing.lease_until_ms = until;
                                   begin(std::move(firing));
                               });
        }
    });
}

void Scheduler::begin(FiringRecord firing) {
    const auto plan = plans_.find(firing.schedule);
    if (plan == plans_.end()) {
        return end(std::move(firing), "failed", "the schedule is not there any more", {});
    }
    if (firing.manual || plan->second.record.overlap != "skip") return launch(std::move(firing));
    store_.firing_before(firing.schedule, firing.due_at_ms, [this, firing](auto before) mutable {
        // The lease runs out, and it is tried again.
        if (!before) return;
        if (!*before) return launch(std::move(firing));
        const auto skip = [this](FiringRecord one, const std::string& why) {
            end(std::move(one), "skipped", why + "; with 'overlap': \"skip\" it is left out", {});
        };
        if (!(*before)->launched_id) {
            return skip(std::move(firing), "the one before is being launched");
        }
        const auto found = plans_.find(firing.schedule);
        if (found == plans_.end()) return launch(std::move(firing));
        const auto kind = parse_kind(found->second.record.kind).value_or(Kind::command);
        const auto launcher = launchers_.find(kind);
        if (launcher == launchers_.end()) return launch(std::move(firing));
        const auto id = *(*before)->launched_id;
        launcher->second->still_runs(kind, id, [this, firing, skip, id](auto runs) mutable {
            if (!runs) return;
            if (*runs) return skip(std::move(firing), "the one before, " + id + ", still runs");
            launch(std::move(firing));
        });
    });
}

void Scheduler::launch(FiringRecord firing) {
    const auto plan = plans_.find(firing.schedule);
    if (plan == plans_.end()) {
        return end(std::move(firing), "failed", "the schedule is not there any more", {});
    }
    const auto& record = plan->second.record;
    const auto kind = parse_kind(record.kind);
    const auto launcher = kind ? launchers_.find(*kind) : launchers_.end();
    auto request = request_of(record.request);
    if (launcher == launchers_.end() || !request) {
        return end(std::move(firing), "failed",
                   launcher == launchers_.end()
                       ? "this server cannot launch a " + record.kind
                       : "the schedule's request is ill-formed in the database",
                   {});
    }
    launcher->second->launch(
        *kind, *std::move(request), "schedule:" + firing.schedule, key_of(firing),
        [this, firing](std::expected<std::string, std::string> launched) mutable {
            if (launched) return end(std::move(firing), "launched", "", *launched);
            log::warning("a schedule's launch failed",
                         {{"schedule", firing.schedule}, {"error", launched.error()}});
            end(std::move(firing), "failed", launched.error(), {});
        });
}

void Scheduler::end(FiringRecord firing, std::string state, std::string detail,
                    std::optional<std::string> id) {
    firing.state = std::move(state);
    firing.detail = std::move(detail);
    firing.launched_id = std::move(id);
    const auto schedule = firing.schedule;
    store_.end_firing(std::move(firing), [schedule](auto ended) {
        if (ended) return;
        // The lease runs out, and whoever takes it over launches with the same key: to no effect.
        log::error("the end of a firing was not written",
                   {{"schedule", schedule}, {"error", ended.error().message}});
    });
}

std::vector<std::int64_t> Scheduler::next_dues_ms(const Plan& plan, std::size_t count) const {
    auto times = next_dues(plan.cron, plan.zone, clock_.wall_ms() / 1000, count);
    for (auto& time : times)
        time *= 1000;
    return times;
}

Answered<Scheduler::Plan> Scheduler::checked(ScheduleRecord draft) const {
    const auto invalid = [](std::string detail) {
        return std::unexpected(ScheduleError{ScheduleError::Kind::invalid, std::move(detail)});
    };
    const auto cron = Cron::parse(draft.cron);
    if (!cron) return invalid("'cron' is wrong: " + cron.error().text());
    const auto zone = Zone::find(draft.zone);
    if (!zone) return invalid("'time_zone' is wrong: " + zone.error());
    const auto kind = parse_kind(draft.kind);
    if (!kind) {
        return invalid("'kind' is wrong: '" + draft.kind.substr(0, 64) +
                       "' is none of command, run, deployment");
    }
    const auto launcher = launchers_.find(*kind);
    if (launcher == launchers_.end()) {
        return invalid("'kind' is wrong: this server cannot launch a " + draft.kind);
    }
    if (draft.missed != "skip" && draft.missed != "once" && draft.missed != "all") {
        return invalid("'missed' is wrong: it is skip, once or all");
    }
    if (draft.overlap != "skip" && draft.overlap != "allow") {
        return invalid("'overlap' is wrong: it is skip or allow");
    }
    const auto request = request_of(draft.request);
    if (!request) return invalid("'request' is wrong: it must be an object");
    if (const auto objection = launcher->second->objection(*request)) {
        return invalid("'request' is wrong: " + *objection);
    }
    return Plan{.record = std::move(draft), .cron = *cron, .zone = *zone};
}

void Scheduler::save(ScheduleRecord draft, std::string by, bool is_new,
                     runtime::Callback<Answered<ScheduleRecord>> done) {
    auto plan = checked(std::move(draft));
    if (!plan) return done(std::unexpected(plan.error()));
    const auto now = clock_.wall_ms();
    plan->record.armed_at_ms = plan->cursor_ms = now;
    plan->record.updated_by = by;
    plan->record.updated_at_ms = now;
    if (is_new) {
        plan->record.created_by = std::move(by);
        plan->record.created_at_ms = now;
    }
    const auto record = plan->record;
    auto saved = [this, is_new, plan = *std::move(plan),
                  done = std::move(done)](dispatch::StoreResult<bool> written) mutable {
        if (!written) return done(std::unexpected(unavailable(written.error())));
        if (!*written) {
            if (!is_new) return done(std::unexpected(not_found(plan.record.name)));
            return done(std::unexpected(
                ScheduleError{ScheduleError::Kind::conflict,
                              "there is a schedule '" + plan.record.name + "' already"}));
        }
        ++changes_;
        auto kept = plan.record;
        if (const auto known = plans_.find(kept.name); known != plans_.end()) {
            plan.busy = known->second.busy;
        }
        plans_.insert_or_assign(kept.name, std::move(plan));
        done(std::move(kept));
    };
    if (is_new) return store_.add_schedule(record, std::move(saved));
    store_.replace_schedule(record, std::move(saved));
}

void Scheduler::create(ScheduleRecord draft, std::string by,
                       runtime::Callback<Answered<ScheduleRecord>> done) {
    if (plans_.size() >= max_schedules) {
        return done(std::unexpected(ScheduleError{
            ScheduleError::Kind::invalid,
            "there are " + std::to_string(max_schedules) + " schedules already: remove one"}));
    }
    save(std::move(draft), std::move(by), true, std::move(done));
}

void Scheduler::replace(ScheduleRecord draft, std::string by,
                        runtime::Callback<Answered<ScheduleRecord>> done) {
    const auto known = plans_.find(draft.name);
    if (known == plans_.end()) return done(std::unexpected(not_found(draft.name)));
    draft.created_by = known->second.record.created_by;
    draft.created_at_ms = known->second.record.created_at_ms;
    save(std::move(draft), std::move(by), false, std::move(done));
}

void Scheduler::remove(std::string name, runtime::Callback<Answered<ScheduleRecord>> done) {
    const auto known = plans_.find(name);
    if (known == plans_.end()) return done(std::unexpected(not_found(name)));
    store_.remove_schedule(
        name, [this, record = known->second.record, done = std::move(done)](auto removed) mutable {
            if (!removed) return done(std::unexpected(unavailable(removed.error())));
            ++changes_;
            plans_.erase(record.name);
            if (!*removed) return done(std::unexpected(not_found(record.name)));
            done(std::move(record));
        });
}

void Scheduler::run_now(std::string name, std::string by,
                        runtime::Callback<Answered<FiringRecord>> done) {
    const auto known = plans_.find(name);
    if (known == plans_.end()) return done(std::unexpected(not_found(name)));
    auto firing = firing_of(known->second, clock_.wall_ms());
    // Whole seconds belong to the expression.
    if (firing.due_at_ms % 1000 == 0) ++firing.due_at_ms;
    firing.manual = true;
    firing.by = std::move(by);
    store_.add_firing(firing, [this, firing, done = std::move(done)](auto added) mutable {
        if (!added) return done(std::unexpected(unavailable(added.error())));
        if (!*added) {
            return done(std::unexpected(ScheduleError{
                ScheduleError::Kind::conflict, "somebody else started it in this very moment"}));
        }
        begin(firing);
        done(std::move(firing));
    });
}

}  // namespace cockpit::schedules
