#pragma once
// A deployment in the hands of this server: what is written down of it, and what is under way.

#include <map>
#include <memory>
#include <set>
#include <vector>

#include "server/deployments/deployment_engine.hpp"
#include "server/dispatch/waiters.hpp"
#include "server/runs/run_rules.hpp"

namespace cockpit::deployments {

struct DeploymentEngine::Driven {
    Driven(Deployment deployment, Service of);

    /// As it was read, but for state, base, commit and steps, which are as they are now.
    DeploymentRecord record;
    Service service;
    runs::RunRules rules;
    struct Way {
        std::vector<Step> steps{};
        std::optional<HostEnd> end{};
        std::string why{};
        Pipeline pipeline{};
    };
    std::vector<Way> ways;  ///< of the hosts, in their order

    DeploymentState kept_state;
    runs::RunProgress kept;         ///< what is written down
    std::set<std::size_t> dirty{};  ///< hosts of which something else is written down
    bool record_dirty = false;      ///< and so for what is of no host
    std::optional<Wish> done_wish{};
    bool saving = false;

    bool committing = false;                ///< git is at it
    std::int64_t commit_not_before_ms = 0;  ///< steady clock

    std::set<std::size_t> submitting{};
    std::map<std::size_t, std::int64_t> not_before{};  ///< steady clock, of hosts to be asked again
    std::map<std::size_t, std::unique_ptr<dispatch::Waiter>> waiting{};
    std::map<std::size_t, std::int64_t> unseen_since{};  ///< steady clock
    std::map<std::size_t, std::int64_t> cancelled_at{};  ///< steady clock
    std::int64_t ask_again_at_ms = 0;                    ///< steady clock
    std::int64_t lease_until_ms = 0;

    // A callback from inside a step asks for another one instead of taking it.
    bool stepping = false;
    bool again = false;
    bool over = false;  ///< not ours any more, or ended

    DeploymentState state() const;
    bool is_cancelled() const { return rules.progress().stopping_as == runs::RunState::cancelled; }
    std::vector<DeployedHost> hosts() const;
    DeployedHost host(std::size_t index) const;
    /// The open step of a host; null: there is none.
    Step* open_step(std::size_t host);

    /// Set: how it ends whatever the hosts' rules say of it.
    std::optional<DeploymentState> ends_as{};
};

}  // namespace cockpit::deployments
