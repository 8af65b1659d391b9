#pragma once
// Plans: from who is meant to exactly which hosts, what stands in each one's way now, and a hash by
// which a run can tell that it does what somebody looked at. One thread; callbacks come once, and
// may come from inside the call.

#include <expected>
#include <functional>
#include <string>
#include <vector>

#include "crypto/secret_box.hpp"
#include "runtime/clock.hpp"
#include "server/dispatch/dispatcher.hpp"
#include "server/runs/run_error.hpp"
#include "server/runs/run_request.hpp"
#include "server/targets/targeting.hpp"

namespace cockpit::runs {

/// Why a host would not do it now. Nothing of it is final: a run asks again when its turn comes.
struct Obstacle {
    /// offline, unknown, not_trusted, unknown_agent, unknown_command, invalid_params, busy,
    /// in_maintenance
    std::string kind;
    std::string detail;
};

struct PlannedHost {
    std::string agent_id;
    std::vector<Obstacle> in_the_way;
};

struct Plan {
    PlanRecord record;
    std::vector<PlannedHost> hosts;  ///< those of the record, in its order
    std::vector<std::string> notes;  ///< parts of the expression that mean nobody
};

/// Parameters with what is secret on any of the hosts as "***", and all of them sealed where there
/// is any.
struct KeptParams {
    std::string shown;  ///< JSON text
    std::optional<std::string> sealed;
};

class Planner {
  public:
    struct Ports {
        RunStore& store;
        dispatch::Dispatcher& dispatcher;
        const dispatch::AgentDirectory& directory;
        const targets::Targeting& targeting;
        const runtime::Clock& clock;
        const crypto::SecretBox& box;
        std::function<std::string()> new_id;  ///< a new UUID
        std::string hash_key;                 ///< secrets may be part of what is hashed
    };
    explicit Planner(Ports ports) : ports_(std::move(ports)) {}

    static constexpr std::int64_t kept_for_ms = 3'600'000;

    /// The plan is kept for an hour. An error when nobody is meant.
    void make(PlanRequest request, std::string by,
              runtime::Callback<std::expected<Plan, RunError>> done);
    void find(std::string plan_id, runtime::Callback<std::expected<PlanRecord, RunError>> done);

    std::string hash_of(const std::string& command, const std::string& params,
                        const std::vector<std::string>& hosts) const;
    KeptParams keep(const std::string& command, const boost::json::object& params,
                    const std::vector<std::string>& hosts, const std::string& hash) const;
    /// What keep() kept; an error where the server's key is not the one it was sealed with.
    std::expected<boost::json::object, std::string> params_of(
        const std::string& shown, const std::optional<std::string>& sealed,
        const std::string& hash) const;

  private:
    std::vector<PlannedHost> look_at(const PlanRecord& plan,
                                     const boost::json::object& params) const;

    Ports ports_;
};

}  // namespace cockpit::runs
