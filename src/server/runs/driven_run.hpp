#pragma once
// A run in the hands of this server: what is written down of it, and what is under way.

#include <map>
#include <memory>
#include <set>

#include "server/dispatch/waiters.hpp"
#include "server/runs/run_engine.hpp"

namespace cockpit::runs {

struct RunEngine::Driven {
    Driven(Run run, boost::json::object params)
        : record(std::move(run.record)),
          params(std::move(params)),
          rules(record.limits, record.progress, std::move(run.hosts)),
          kept(record.progress) {}

    RunRecord record;  ///< as it was read; `rules` knows how it stands
    boost::json::object params;
    RunRules rules;
    RunProgress kept;             ///< what is written down
    std::set<std::size_t> dirty;  ///< hosts of which something else is written down
    std::optional<Wish> done_wish{};
    bool saving = false;

    std::set<std::size_t> submitting{};
    std::map<std::size_t, std::int64_t> not_before{};  ///< steady clock, of hosts to be asked again
    std::map<std::size_t, std::unique_ptr<dispatch::Waiter>> waiting{};
    std::map<std::size_t, std::int64_t> unseen_since{};  ///< steady clock
    std::map<std::size_t, std::int64_t> cancelled_at{};  ///< steady clock
    std::int64_t ask_again_at = 0;                       ///< steady clock
    std::int64_t lease_until_ms = 0;

    // A callback from inside a step asks for another one instead of taking it.
    bool stepping = false;
    bool again = false;
    bool over = false;  ///< not ours any more, or ended
};

}  // namespace cockpit::runs
