#include "server/schedules/windows.hpp"

#include <chrono>

#include "log/log.hpp"

namespace cockpit::schedules {
namespace {

constexpr std::int64_t ask_again_ms = 1'000;

std::optional<std::int64_t> open_until(const WindowRecord& record, const std::optional<Cron>& cron,
                                       const std::optional<Zone>& zone, std::int64_t now_ms) {
    if (!cron || !zone) {
        if (record.from_ms <= now_ms && now_ms < record.until_ms) return record.until_ms;
        return std::nullopt;
    }
    const auto now_s = now_ms / 1000;
    const auto begun = next_due(*cron, *zone, now_s - record.duration_s);
    if (!begun || *begun > now_s) return std::nullopt;
    return (*begun + record.duration_s) * 1000;
}

std::string utc_text(std::int64_t unix_ms) {
    using namespace std::chrono;
    const sys_time<seconds> at{seconds(unix_ms / 1000)};
    const auto day = floor<days>(at);
    const year_month_day date(day);
    const hh_mm_ss time(at - day);
    const auto two = [](auto number) {
        const auto text = std::to_string(number);
        return text.size() < 2 ? "0" + text : text;
    };
    return std::to_string(int(date.year())) + "-" + two(unsigned(date.month())) + "-" +
           two(unsigned(date.day())) + "T" + two(time.hours().count()) + ":" +
           two(time.minutes().count()) + ":" + two(time.seconds().count()) + "Z";
}

ScheduleError not_found(const std::string& name) {
    return {ScheduleError::Kind::not_found, "there is no maintenance window '" + name + "'"};
}

ScheduleError unavailable(const dispatch::StoreError& error) {
    log::error("maintenance windows: the store failed", {{"error", error.message}});
    return {ScheduleError::Kind::store_unavailable,
            "the database is not available: nothing was changed; try again"};
}

}  // namespace

Windows::Windows(const runtime::Clock& clock, ScheduleStore& store,
                 const targets::Targeting& targeting)
    : clock_(clock), store_(store), targeting_(targeting) {}

void Windows::adopt(const std::vector<WindowRecord>& records) {
    std::map<std::string, Window, std::less<>> windows;
    for (const auto& record : records) {
        Window window{.record = record};
        if (record.cron) {
            const auto cron = Cron::parse(*record.cron);
            const auto zone = Zone::find(record.zone);
            if (!cron || !zone) {
                log::error("a maintenance window is not understood and never opens",
                           {{"window", record.name},
                            {"error", !cron ? cron.error().text() : zone.error()}});
            }
            if (cron) window.cron = *cron;
            if (zone) window.zone = *zone;
        }
        // Whom it meant last is worth more than nothing.
        if (const auto known = windows_.find(record.name);
            known != windows_.end() && known->second.record.targets == record.targets) {
            window.agents = std::move(known->second.agents);
            window.agents_at_ms = known->second.agents_at_ms;
        }
        windows.emplace(record.name, std::move(window));
    }
    windows_ = std::move(windows);
    looked_s_ = -1;
}

void Windows::refresh() {
    if (refreshing_) return;
    refreshing_ = true;
    store_.load_schedules([this, changes = changes_](auto records) {
        refreshing_ = false;
        if (!records) {
            log::warning("maintenance windows were not read again",
                         {{"error", records.error().message}});
        } else if (changes == changes_) {
            adopt(records->windows);
        }
    });
}

void Windows::put(Window window) {
    ++changes_;
    const auto name = window.record.name;
    windows_.insert_or_assign(name, std::move(window));
    looked_s_ = -1;
}

// Windows open and close at whole seconds, or at any millisecond when they are once.
void Windows::look(std::int64_t now_ms) const {
    if (looked_s_ == now_ms / 1000) return;
    looked_s_ = now_ms / 1000;
    open_.clear();
    for (auto& [name, window] : windows_) {
        window.open_until_ms = open_until(window.record, window.cron, window.zone, now_ms);
        // One that is once and opens within this second is looked at, too.
        const bool soon = !window.cron && window.record.from_ms / 1000 == looked_s_;
        if (window.open_until_ms || soon) open_.push_back(&window);
    }
}

std::optional<std::string> Windows::forbids(const protocol::AgentId& agent,
                                            std::int64_t now_ms) const {
    look(now_ms);
    for (auto* window : open_) {
        const auto& record = window->record;
        if (!window->cron && (now_ms < record.from_ms || now_ms >= record.until_ms)) continue;
        if (window->agents_at_ms == 0 || now_ms < window->agents_at_ms ||
            now_ms - window->agents_at_ms >= ask_again_ms) {
            window->agents_at_ms = now_ms;
            if (const auto selection = targeting_.select(record.targets)) {
                window->agents.clear();
                for (const auto& one : selection->agents)
                    window->agents.insert(one.id.text());
            } else {
                log::warning("whom a maintenance window means cannot be said",
                             {{"window", record.name}, {"error", selection.error().text()}});
            }
        }
        if (!window->agents.contains(agent.text())) continue;
        const auto until = window->open_until_ms.value_or(record.until_ms);
        return "'" + agent.text() + "' is in the maintenance window '" + record.name + "' until " +
               utc_text(until) + (record.reason.empty() ? "" : " (" + record.reason + ")");
    }
    return std::nullopt;
}

Windows::Standing Windows::standing_of(const Window& window) const {
    const auto now = clock_.wall_ms();
    Standing standing{.record = window.record,
                      .open_until_ms = open_until(window.record, window.cron, window.zone, now)};
    if (window.cron && window.zone) {
        if (const auto next = next_due(*window.cron, *window.zone, now / 1000))
            standing.next_ms = *next * 1000;
    } else if (window.record.from_ms > now) {
        standing.next_ms = window.record.from_ms;
    }
    if (const auto selection = targeting_.select(window.record.targets)) {
        for (const auto& agent : selection->agents)
            standing.agents.push_back(agent.id.text());
    } else {
        standing.problem = selection.error().text();
        standing.agents.assign(window.agents.begin(), window.agents.end());
    }
    return standing;
}

std::vector<Windows::Standing> Windows::standing() const {
    std::vector<Standing> all;
    for (const auto& [name, window] : windows_)
        all.push_back(standing_of(window));
    return all;
}

std::optional<Windows::Standing> Windows::find(const std::string& name) const {
    const auto found = windows_.find(name);
    if (found == windows_.end()) return std::nullopt;
    return standing_of(found->second);
}

Answered<Windows::Window> Windows::checked(WindowRecord draft) const {
    const auto invalid = [](std::string detail) {
        return std::unexpected(ScheduleError{ScheduleError::Kind::invalid, std::move(detail)});
    };
    if (const auto selection = targeting_.select(draft.targets); !selection) {
        return invalid("'targets' is wrong: " + selection.error().text());
    }
    Window window{.record = std::move(draft)};
    const auto& record = window.record;
    if (!record.cron) {
        if (record.from_ms <= 0 || record.until_ms <= record.from_ms || record.duration_s != 0) {
            return invalid("a window has 'cron' and 'duration_s', or 'from' and a later 'until'");
        }
        return window;
    }
    if (record.from_ms != 0 || record.until_ms != 0) {
        return invalid("a window has 'cron' and 'duration_s', or 'from' and 'until', not both");
    }
    if (record.duration_s < 1 || record.duration_s > max_window_s) {
        return invalid("'duration_s' is wrong: with 'cron' it is 1 to " +
                       std::to_string(max_window_s));
    }
    const auto cron = Cron::parse(*record.cron);
    if (!cron) return invalid("'cron' is wrong: " + cron.error().text());
    const auto zone = Zone::find(record.zone);
    if (!zone) return invalid("'time_zone' is wrong: " + zone.error());
    window.cron = *cron;
    window.zone = *zone;
    return window;
}

void Windows::save(WindowRecord draft, std::string by, bool is_new,
                   runtime::Callback<Answered<WindowRecord>> done) {
    auto window = checked(std::move(draft));
    if (!window) return done(std::unexpected(window.error()));
    auto& changed = window->record;
    changed.updated_by = by;
    changed.updated_at_ms = clock_.wall_ms();
    if (is_new) {
        changed.created_by = std::move(by);
        changed.created_at_ms = changed.updated_at_ms;
    }
    const auto record = changed;
    auto saved = [this, is_new, window = *std::move(window),
                  done = std::move(done)](dispatch::StoreResult<bool> written) mutable {
        if (!written) return done(std::unexpected(unavailable(written.error())));
        const auto kept = window.record;
        if (!*written) {
            if (!is_new) return done(std::unexpected(not_found(kept.name)));
            return done(std::unexpected(
                ScheduleError{ScheduleError::Kind::conflict,
                              "there is a maintenance window '" + kept.name + "' already"}));
        }
        put(std::move(window));
        done(kept);
    };
    if (is_new) return store_.add_window(record, std::move(saved));
    store_.replace_window(record, std::move(saved));
}

void Windows::create(WindowRecord draft, std::string by,
                     runtime::Callback<Answered<WindowRecord>> done) {
    if (windows_.size() >= max_windows) {
        return done(std::unexpected(ScheduleError{
            ScheduleError::Kind::invalid,
            "there are " + std::to_string(max_windows) + " windows already: remove one"}));
    }
    save(std::move(draft), std::move(by), true, std::move(done));
}

void Windows::replace(WindowRecord draft, std::string by,
                      runtime::Callback<Answered<WindowRecord>> done) {
    const auto known = windows_.find(draft.name);
    if (known == windows_.end()) return done(std::unexpected(not_found(draft.name)));
    draft.created_by = known->second.record.created_by;
    draft.created_at_ms = known->second.record.created_at_ms;
    save(std::move(draft), std::move(by), false, std::move(done));
}

void Windows::remove(std::string name, runtime::Callback<Answered<WindowRecord>> done) {
    const auto known = windows_.find(name);
    if (known == windows_.end()) return done(std::unexpected(not_found(name)));
    store_.remove_window(
        name, [this, record = known->second.record, done = std::move(done)](auto removed) mutable {
            if (!removed) return done(std::unexpected(unavailable(removed.error())));
            ++changes_;
            windows_.erase(record.name);
            looked_s_ = -1;
            if (!*removed) return done(std::unexpected(not_found(record.name)));
            done(std::move(record));
        });
}

}  // namespace cockpit::schedules
