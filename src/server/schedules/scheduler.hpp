#pragma once
// Fires schedules. Each firing is a row that is written before the launch, unique for (schedule,
// due time): of several servers the one that inserted it launches. One whose launch was never
// recorded is taken over when its lease is over, with the same key: so nothing is lost, and nothing
// runs twice. A clock that is set back finds the rows there already.
//
// One thread. Callbacks come exactly once. Must outlive the callbacks of its store and launchers.

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "runtime/clock.hpp"
#include "server/schedules/due.hpp"
#include "server/schedules/launcher.hpp"
#include "server/schedules/schedule_store.hpp"

namespace cockpit::schedules {

inline constexpr std::size_t max_schedules = 1'000;
inline constexpr std::size_t max_caught_up = 100;   ///< firings of `all` after an absence
inline constexpr std::int64_t on_time_ms = 10'000;  ///< later than this it was missed

struct ScheduleError {
    enum class Kind { invalid, not_found, conflict, store_unavailable };
    Kind kind;
    std::string detail;  ///< for the person who asked
};
template <typename T>
using Answered = std::expected<T, ScheduleError>;

class Scheduler {
  public:
    /// `owner` is unique for this life of this server.
    Scheduler(const runtime::Clock& clock, ScheduleStore& store, Launchers launchers,
              std::string owner);

    /// Tells of the windows that restore() found, so that they need no second load.
    void on_loaded(std::function<void(const std::vector<WindowRecord>&)> told) {
        told_ = std::move(told);
    }
    void restore(runtime::Callback<dispatch::StoreResult<bool>> done);
    /// Looks for what other servers changed; often, as a schedule made elsewhere must fire soon.
    void refresh();
    /// To be called at least once a second.
    void on_tick();

    struct Plan {
        ScheduleRecord record;
        Cron cron;
        Zone zone;
        std::int64_t cursor_ms = 0;  ///< all that was due up to then is decided
        bool busy = false;           ///< a decision is on its way to the store
    };
    const std::map<std::string, Plan, std::less<>>& plans() const { return plans_; }
    std::vector<std::int64_t> next_dues_ms(const Plan& plan, std::size_t count) const;

    void create(ScheduleRecord draft, std::string by,
                runtime::Callback<Answered<ScheduleRecord>> done);
    void replace(ScheduleRecord draft, std::string by,
                 runtime::Callback<Answered<ScheduleRecord>> done);
    void remove(std::string name, runtime::Callback<Answered<ScheduleRecord>> done);
    /// Fires at once, whatever is due and whatever runs, also when it is disabled.
    void run_now(std::string name, std::string by, runtime::Callback<Answered<FiringRecord>> done);

  private:
    Answered<Plan> checked(ScheduleRecord draft) const;
    void adopt(std::vector<ScheduleRecord> records);
    void save(ScheduleRecord draft, std::string by, bool is_new,
              runtime::Callback<Answered<ScheduleRecord>> done);
    void look_after(const std::string& name, Plan& plan, std::int64_t now_ms);
    void decide(const std::string& name, std::vector<FiringRecord> firings, std::size_t at);
    void take_over(std::int64_t now_ms);
    void begin(FiringRecord firing);
    void launch(FiringRecord firing);
    void end(FiringRecord firing, std::string state, std::string detail,
             std::optional<std::string> id);
    FiringRecord firing_of(const Plan& plan, std::int64_t due_ms) const;

    const runtime::Clock& clock_;
    ScheduleStore& store_;
    Launchers launchers_;
    const std::string owner_;
    std::map<std::string, Plan, std::less<>> plans_;
    std::function<void(const std::vector<WindowRecord>&)> told_;
    std::uint64_t changes_ = 0;  ///< of ours: what was read before the latest is old
    bool refreshing_ = false;
    std::int64_t looked_for_abandoned_ms_ = 0;
};

}  // namespace cockpit::schedules
