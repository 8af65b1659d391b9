#pragma once
// Maintenance windows: times in which nothing starts on some hosts without being forced.
//
// A recurring window is open from each due time of its expression for duration_s, one that is once
// from from_ms to until_ms; the end does not belong to it. Which hosts it means is asked again each
// second while it is open. Where that cannot be said any more (its group was removed) it keeps the
// hosts it meant last.
//
// One thread. Callbacks come exactly once. Must outlive the callbacks of its store.

#include <map>
#include <set>
#include <string>
#include <vector>

#include "server/dispatch/start_guard.hpp"
#include "server/schedules/due.hpp"
#include "server/schedules/schedule_store.hpp"
#include "server/schedules/scheduler.hpp"
#include "server/targets/targeting.hpp"

namespace cockpit::schedules {

inline constexpr std::size_t max_windows = 500;
inline constexpr std::int64_t max_window_s = 7 * 86'400;

class Windows final : public dispatch::StartGuard {
  public:
    Windows(const runtime::Clock& clock, ScheduleStore& store, const targets::Targeting& targeting);

    /// What the store has; Scheduler::on_loaded() hands it on at the start.
    void adopt(const std::vector<WindowRecord>& records);
    /// Looks for what other servers changed.
    void refresh();

    std::optional<std::string> forbids(const protocol::AgentId& agent,
                                       std::int64_t now_ms) const override;

    struct Standing {
        WindowRecord record;
        std::optional<std::int64_t> open_until_ms;  ///< it is open now
        std::optional<std::int64_t> next_ms;        ///< when it opens next
        std::vector<std::string> agents;            ///< whom it means now, by id
        std::optional<std::string> problem;         ///< why it cannot be said whom
    };
    std::vector<Standing> standing() const;  ///< by name
    std::optional<Standing> find(const std::string& name) const;

    void create(WindowRecord draft, std::string by, runtime::Callback<Answered<WindowRecord>> done);
    void replace(WindowRecord draft, std::string by,
                 runtime::Callback<Answered<WindowRecord>> done);
    void remove(std::string name, runtime::Callback<Answered<WindowRecord>> done);

  private:
    struct Window {
        WindowRecord record;
        std::optional<Cron> cron;
        std::optional<Zone> zone;
        std::optional<std::int64_t> open_until_ms;
        std::set<std::string, std::less<>> agents;
        std::int64_t agents_at_ms = 0;  ///< when they were asked for; 0: never
    };
    Answered<Window> checked(WindowRecord draft) const;
    void save(WindowRecord draft, std::string by, bool is_new,
              runtime::Callback<Answered<WindowRecord>> done);
    void put(Window window);
    void look(std::int64_t now_ms) const;
    Standing standing_of(const Window& window) const;

    const runtime::Clock& clock_;
    ScheduleStore& store_;
    const targets::Targeting& targeting_;
    std::uint64_t changes_ = 0;  ///< of ours: what was read before the latest is old
    bool refreshing_ = false;
    mutable std::map<std::string, Window, std::less<>> windows_;
    mutable std::vector<Window*> open_;   ///< at looked_s_
    mutable std::int64_t looked_s_ = -1;  ///< the second for which open_ is right
};

}  // namespace cockpit::schedules
