#pragma once
// Where schedules, their firings and maintenance windows are kept. schedules owns this interface,
// server/store implements it. Same rules for callbacks and errors as
// server/dispatch/command_store.hpp. Times are milliseconds since the Unix epoch.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "server/dispatch/command_store.hpp"

namespace cockpit::schedules {

/// One row of cockpit_schedules.
struct ScheduleRecord {
    std::string name;
    std::string description;
    std::string kind;     ///< a word of Kind
    std::string request;  ///< JSON object
    std::string cron;
    std::string zone;
    bool enabled = true;
    std::string missed = "skip";  ///< skip, once, all
    std::int64_t missed_within_s = 3'600;
    std::string overlap = "skip";  ///< skip, allow
    /// Nothing that was due up to then concerns it: when it was made, changed or enabled.
    std::int64_t armed_at_ms = 0;
    std::string created_by;
    std::int64_t created_at_ms = 0;
    std::string updated_by;
    std::int64_t updated_at_ms = 0;
    /// The latest due time that has a firing by the clock; read only.
    std::optional<std::int64_t> last_due_ms;
};

/// One row of cockpit_schedule_firings; (schedule, due_at_ms) is unique, so of several servers one
/// fires.
struct FiringRecord {
    std::string schedule;
    std::int64_t due_at_ms = 0;
    bool manual = false;  ///< somebody asked for it now
    /// launching, launched, failed, skipped (the one before still ran), missed (nobody was there)
    std::string state = "launching";
    std::string detail;                      ///< a sentence; may be empty
    std::optional<std::string> launched_id;  ///< of the command, run or deployment
    std::string by;
    std::int64_t created_at_ms = 0;
    std::string lease_owner;
    std::int64_t lease_until_ms = 0;
};

/// One row of cockpit_maintenance_windows: recurring (cron, zone, duration_s), or once (from_ms,
/// until_ms).
struct WindowRecord {
    std::string name;
    std::string targets;  ///< expression
    std::string reason;
    std::optional<std::string> cron;
    std::string zone = "UTC";
    std::int64_t duration_s = 0;
    std::int64_t from_ms = 0;
    std::int64_t until_ms = 0;
    std::string created_by;
    std::int64_t created_at_ms = 0;
    std::string updated_by;
    std::int64_t updated_at_ms = 0;
};

struct ScheduleRecords {
    std::vector<ScheduleRecord> schedules;  ///< by name
    std::vector<WindowRecord> windows;      ///< by name
};

class ScheduleStore {
  public:
    template <typename T>
    using Done = runtime::Callback<dispatch::StoreResult<T>>;
    virtual ~ScheduleStore() = default;

    virtual void load_schedules(Done<ScheduleRecords> done) = 0;
    /// False: the name is taken.
    virtual void add_schedule(ScheduleRecord record, Done<bool> done) = 0;
    /// Everything but who made it and when. False: there is none.
    virtual void replace_schedule(ScheduleRecord record, Done<bool> done) = 0;
    /// With its firings. False: there is none.
    virtual void remove_schedule(std::string name, Done<bool> done) = 0;

    /// False: somebody else has this firing.
    virtual void add_firing(FiringRecord record, Done<bool> done) = 0;
    /// Those in state launching whose lease is over.
    virtual void abandoned_firings(std::int64_t now_ms, Done<std::vector<FiringRecord>> done) = 0;
    /// False: it was not abandoned, or somebody else was quicker.
    virtual void take_firing(FiringRecord firing, std::string owner, std::int64_t lease_until_ms,
                             std::int64_t now_ms, Done<bool> done) = 0;
    /// Writes state, detail and launched_id. False: `lease_owner` does not hold it any more.
    virtual void end_firing(FiringRecord firing, Done<bool> done) = 0;
    /// Newest first.
    virtual void firings(std::string schedule, int limit, Done<std::vector<FiringRecord>> done) = 0;
    /// The latest in state launched, or launching, due before.
    virtual void firing_before(std::string schedule, std::int64_t due_at_ms,
                               Done<std::optional<FiringRecord>> done) = 0;

    /// False: the name is taken.
    virtual void add_window(WindowRecord record, Done<bool> done) = 0;
    /// Everything but who made it and when. False: there is none.
    virtual void replace_window(WindowRecord record, Done<bool> done) = 0;
    /// False: there is none.
    virtual void remove_window(std::string name, Done<bool> done) = 0;
};

}  // namespace cockpit::schedules
