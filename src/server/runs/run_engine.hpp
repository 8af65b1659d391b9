#pragma once
// Drives runs: gives the hosts of a wave their commands, hears how they ended, and writes down each
// step before the next one depends on it. The rules of waves are run_rules.hpp's.
//
// Of several servers one drives a run, by a lease in its row; when that server dies, another one
// goes on from the rows. A host is written down as "sending" before its command is submitted, and
// the command's idempotency key is made of run and host: whoever comes to that point again gets the
// same command.
//
// One thread. Callbacks come exactly once, and may come from inside the call. Ports must outlive
// it, and it must outlive their callbacks.

#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "runtime/clock.hpp"
#include "server/dispatch/dispatcher.hpp"
#include "server/notify/event.hpp"
#include "server/runs/planner.hpp"
#include "server/runs/run_error.hpp"
#include "server/runs/run_request.hpp"
#include "server/runs/run_store.hpp"

namespace cockpit::runs {

struct RunSettings {
    std::string owner;                   ///< of leases; another one for each life of a server
    std::int64_t lease_ms = 15'000;      ///< so long after its last word a server counts as dead
    std::int64_t look_ms = 1'000;        ///< between two looks for wishes and for runs left alone
    std::int64_t ask_again_ms = 30'000;  ///< how a command stands, in case nobody told of its end
    std::int64_t unseen_ms = 60'000;     ///< a host is skipped when nobody knows it after this
    std::size_t at_once = 200;           ///< submissions under way, of one run
};

struct StartRequest {
    std::string plan_id;
    std::string hash;  ///< must be the plan's
    Manner manner;
    std::string by;
    std::optional<std::string> idempotency_key;
};

class RunEngine {
  public:
    struct Ports {
        RunStore& store;
        Planner& planner;
        dispatch::Dispatcher& dispatcher;
        notify::EventSink& events;
        const runtime::Clock& clock;
        std::function<std::string()> new_id;  ///< a new UUID
    };
    using Done = runtime::Callback<std::expected<RunRecord, RunError>>;

    RunEngine(RunSettings settings, Ports ports);
    ~RunEngine();

    /// Answers when the run is written down; it then goes on by itself.
    void start(StartRequest request, Done done);
    /// Plans and starts at once: the members of both requests in one object.
    void start_for(const boost::json::object& request, std::string by, std::string key, Done done);
    /// A new run for the hosts of an ended one that had no success.
    void rerun(std::string run_id, std::string by, std::optional<std::string> key, Done done);
    /// Answers when it is written down; the driver follows within about a second.
    void wish(std::string run_id, Wish wish, std::string by, Done done);

    /// About twice a second.
    void on_tick();

    std::size_t driven() const { return driven_.size(); }

  private:
    struct Driven;
    void add(Run run, Done done);
    void answer_repeated(const Run& run, Done done);
    void look_for_runs();
    void on_open_runs(std::vector<RunRecord> records);
    void adopt(const std::string& run_id);
    void drive(Run run);
    void look(const std::string& run_id);
    void step(Driven& run);
    bool save(Driven& run);
    void submit(Driven& run, std::size_t host);
    void on_submitted(const std::string& run_id, std::size_t host,
                      std::expected<dispatch::CommandRecord, dispatch::SubmitError> submitted);
    void wait(Driven& run, std::size_t host);
    void on_end(const std::string& run_id, std::size_t host,
                const std::optional<dispatch::CommandRecord>& record);
    void cancel(Driven& run, std::size_t host);
    void tell(const Driven& run);
    dispatch::Submission submission_of(const Driven& run, std::size_t host) const;
    Driven* find(const std::string& run_id);

    const RunSettings settings_;
    Ports ports_;
    std::map<std::string, std::unique_ptr<Driven>> driven_;  ///< by run id
    std::int64_t look_at_ms_ = 0;
    std::int64_t sweep_at_ms_ = 0;
    bool looking_ = false;
};

/// Of a run that ended or paused; every host is in it.
notify::Event event_of(const RunRecord& run, const std::vector<RunHost>& hosts,
                       std::int64_t now_ms);

}  // namespace cockpit::runs
