#pragma once
// Drives deployments: commits and pushes, then takes the hosts through their pipelines wave after
// wave, and writes down each step before it is done. The rules of waves are runs/run_rules.hpp's:
// the whole way of a host is one command to them. The way itself is host_pipeline.hpp's.
//
// Of several servers one drives a deployment, by a lease in its row; when that server dies, another
// one goes on from the rows. A commit is found again by its mark, a command on a host by an
// idempotency key made of deployment, host and step: whoever comes to a step again does not do it
// twice.
//
// One thread. Callbacks come exactly once, and may come from inside the call. Ports must outlive
// it, and it must outlive their callbacks.

#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "crypto/secret_box.hpp"
#include "runtime/clock.hpp"
#include "server/deployments/preparing.hpp"
#include "server/dispatch/dispatcher.hpp"
#include "server/notify/event.hpp"

namespace cockpit::deployments {

struct EngineSettings {
    std::string owner;                   ///< of leases; another one for each life of a server
    std::int64_t lease_ms = 15'000;      ///< so long after its last word a server counts as dead
    std::int64_t look_ms = 1'000;        ///< between two looks for wishes and what was left alone
    std::int64_t ask_again_ms = 30'000;  ///< how a command stands, in case nobody told of its end
    std::int64_t unseen_ms = 60'000;     ///< a host is skipped when nobody knows it after this
    /// A host that began and is away: so long its next step waits for it.
    std::int64_t wait_for_host_ms = 3'600'000;
    std::size_t at_once = 200;  ///< submissions under way, of one deployment
};

struct StartDeployment {
    std::string service;
    DeploymentRequest request;
    std::string by;
    std::optional<std::string> idempotency_key;
};

struct PreviewHost {
    std::string agent_id;
    std::size_t wave = 0;
    std::optional<std::string> in_the_way;  ///< why it would not begin now
};

struct Preview {
    std::string base;                   ///< where the branch is
    std::vector<FileDifference> files;  ///< what would be committed
    std::vector<PreviewHost> hosts;     ///< in the order in which they would come
};

class DeploymentEngine {
  public:
    struct Ports {
        DeploymentStore& store;
        ServiceStore& services;
        GitSource& git;
        dispatch::Dispatcher& dispatcher;
        const targets::Targeting& targeting;
        notify::EventSink& events;
        const runtime::Clock& clock;
        const crypto::SecretBox& box;
        std::function<std::string()> new_id;  ///< a new UUID
    };
    using Done = runtime::Callback<std::expected<DeploymentRecord, Error>>;

    DeploymentEngine(EngineSettings settings, Ports ports);
    ~DeploymentEngine();

    /// Answers when it is written down; it then goes on by itself.
    void start(StartDeployment request, Done done);
    /// What start() would do; nothing is changed anywhere.
    void preview(std::string service, DeploymentRequest request,
                 runtime::Callback<std::expected<Preview, Error>> done);
    /// Answers when it is written down; the driver follows within about a second.
    void wish(std::string deployment_id, Wish wish, std::string by, Done done);

    /// About twice a second.
    void on_tick();

    std::size_t driven() const { return driven_.size(); }

  private:
    struct Driven;
    using Submitted = std::expected<dispatch::CommandRecord, dispatch::SubmitError>;

    /// The request with the files that a `revert` means.
    using Resolved = std::expected<DeploymentRequest, Error>;
    void resolve(const ServiceRecord& service, DeploymentRequest request,
                 runtime::Callback<Resolved> done);
    void begin(const ServiceRecord& service, const StartDeployment& request, Done done);
    void compare(const ServiceRecord& service, const DeploymentRequest& request,
                 runtime::Callback<std::expected<Preview, Error>> done);
    void add(Deployment deployment, Done done);
    void answer_repeated(const DeploymentRecord& wanted, Done done);
    Preview preview_of(const Prepared& prepared, const DeploymentRequest& request) const;

    void look_for_deployments();
    void on_open_deployments(std::vector<DeploymentRecord> records);
    void adopt(const std::string& id);
    void drive(Deployment deployment);
    void look(const std::string& id);
    void step(Driven& driven);
    bool save(Driven& driven);
    void tell(const Driven& driven);
    Driven* find(const std::string& id);

    void commit(Driven& driven);
    void order_commit(Driven& driven, const ServiceRecord& record);
    void on_committed(const std::string& id, GitAnswer<CommitResult> result);
    void end_commit(Driven& driven, Step step, std::optional<DeploymentState> ends_as);

    void advance(Driven& driven, std::size_t host);
    void work_on(Driven& driven, std::size_t host);
    void submit(Driven& driven, std::size_t host);
    void on_submitted(const std::string& id, std::size_t host, std::size_t step,
                      Submitted submitted);
    void wait(Driven& driven, std::size_t host);
    void on_end(const std::string& id, std::size_t host, std::size_t step,
                const std::optional<dispatch::CommandRecord>& record);
    void cancel_step(Driven& driven, std::size_t host);
    std::optional<dispatch::SubmitError> obstacle_of(const dispatch::Submission& like,
                                                     const Pipeline& pipeline) const;
    dispatch::Submission submission_of(const Driven& driven, std::size_t host) const;

    const EngineSettings settings_;
    Ports ports_;
    std::map<std::string, std::unique_ptr<Driven>> driven_;  ///< by deployment id
    std::int64_t look_at_ms_ = 0;
    bool looking_ = false;
};

/// Of a deployment that ended or paused; every host and its steps are in it.
notify::Event event_of(const DeploymentRecord& deployment, const std::vector<DeployedHost>& hosts,
                       std::int64_t now_ms);

/// The error of a store that failed; logged here.
Error unavailable(const dispatch::StoreError& error);

}  // namespace cockpit::deployments
