#pragma once
// Where plans and runs are kept. runs owns this interface, server/store implements it. Callbacks as
// in dispatch/command_store.hpp: on the I/O thread, once, never from inside the call. Times in ms
// since the Unix epoch.
//
// Of several servers one drives a run: the one whose lease it is. Whatever the driver writes is
// written only while the lease is its own.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "server/dispatch/command_store.hpp"
#include "server/runs/run_rules.hpp"

namespace cockpit::runs {

template <typename T>
using StoreResult = dispatch::StoreResult<T>;

/// A command and exactly those hosts that it is meant for.
struct PlanRecord {
    std::string plan_id;
    std::string hash;  ///< of command, parameters and hosts
    std::string command;
    std::string params;  ///< JSON text, secrets as "***"
    std::optional<std::string>
        sealed_params;               ///< where there are secrets: all, for the server only
    std::string expression;          ///< who was asked for; empty: a list was
    std::vector<std::string> hosts;  ///< in the order in which they come
    std::string created_by;
    std::int64_t created_at_ms = 0;
    std::int64_t expires_at_ms = 0;
};

/// What somebody wants of a run that goes on; the driver sees to it.
enum class Wish { pause, resume, cancel };
std::string_view to_text(Wish wish);
std::optional<Wish> parse_wish(std::string_view text);

/// How each host's command is sent.
struct Sending {
    std::optional<std::int64_t> timeout_ms;    ///< limit of execution
    std::optional<std::int64_t> queue_for_ms;  ///< wait so long for hosts that are away
    bool forced = false;                       ///< also where maintenance forbids it
};

struct RunRecord {
    std::string run_id;
    std::string plan_hash;
    std::string command;
    std::string params;
    std::optional<std::string> sealed_params;
    std::string expression;
    Limits limits;
    Sending sending;
    std::string created_by;
    std::int64_t created_at_ms = 0;
    std::optional<std::int64_t> ended_at_ms;
    std::optional<std::string> idempotency_key;  ///< unique with created_by
    std::optional<std::string> parent_run_id;    ///< the run whose rest this one is for
    RunProgress progress;
    std::optional<Wish> wish;
    std::string wished_by;
    std::size_t total = 0;  ///< hosts
    std::string lease_owner;
    std::int64_t lease_until_ms = 0;
    std::int64_t id = 0;                 ///< given by the database, grows: the order of the list
    std::optional<std::string> plan_id;  ///< a plan is run once
    std::string request_digest;          ///< of all that was asked for, beside the key
};

/// A run with its hosts, in order.
struct Run {
    RunRecord record;
    std::vector<RunHost> hosts;
};

/// What the driver writes, in one transaction.
struct RunChange {
    std::string run_id;
    std::string owner;
    std::int64_t lease_until_ms = 0;
    RunProgress progress;
    std::optional<std::int64_t> ended_at_ms;
    std::optional<Wish> done_wish;  ///< taken back, unless it is another one by now
    struct Host {
        std::size_t ordinal = 0;
        RunHost host;
    };
    std::vector<Host> hosts;
};

struct RunPage {
    std::vector<RunRecord> runs;
    bool more = false;
};

class RunStore {
  public:
    virtual ~RunStore() = default;

    virtual void add_plan(PlanRecord plan, runtime::Callback<StoreResult<bool>> done) = 0;
    virtual void find_plan(std::string plan_id,
                           runtime::Callback<StoreResult<std::optional<PlanRecord>>> done) = 0;
    virtual void remove_plans_before(std::int64_t expired_ms,
                                     runtime::Callback<StoreResult<bool>> done) = 0;

    /// False: created_by used this idempotency key before, or the plan was run; nothing was added.
    virtual void add_run(Run run, runtime::Callback<StoreResult<bool>> done) = 0;
    virtual void find_run(std::string run_id,
                          runtime::Callback<StoreResult<std::optional<Run>>> done) = 0;
    virtual void find_run_by_key(std::string created_by, std::string key,
                                 runtime::Callback<StoreResult<std::optional<RunRecord>>> done) = 0;
    virtual void find_run_of_plan(
        std::string plan_id, runtime::Callback<StoreResult<std::optional<RunRecord>>> done) = 0;
    /// Newest first, those with a smaller id; `limit` from 1 to 1000.
    virtual void list_runs(int limit, std::optional<std::int64_t> before_id,
                           runtime::Callback<StoreResult<RunPage>> done) = 0;

    /// For runs that are not final. False: it is, or is to be cancelled anyway, or is to be resumed
    /// and not paused.
    virtual void wish(std::string run_id, Wish wish, std::string by,
                      runtime::Callback<StoreResult<bool>> done) = 0;

    /// Runs in no final state that are this owner's or nobody's any more.
    virtual void open_runs(std::string owner, std::int64_t now_ms,
                           runtime::Callback<StoreResult<std::vector<RunRecord>>> done) = 0;
    /// Takes or renews the lease. False: another one has it, or the run is final.
    virtual void lease_run(std::string run_id, std::string owner, std::int64_t now_ms,
                           std::int64_t until_ms, runtime::Callback<StoreResult<bool>> done) = 0;
    /// False: the lease is not this owner's any more, and nothing was written.
    virtual void change_run(RunChange change, runtime::Callback<StoreResult<bool>> done) = 0;
};

}  // namespace cockpit::runs
