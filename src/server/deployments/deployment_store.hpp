#pragma once
// Where services and deployments are kept. deployments owns these interfaces, server/store
// implements them. Callbacks as in dispatch/command_store.hpp: on the I/O thread, once, never from
// inside the call. Times in ms since the Unix epoch.
//
// Of several servers one drives a deployment: the one whose lease it is. Whatever the driver writes
// is written only while the lease is its own. Of one service one deployment is open at a time, and
// the database sees to it.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/deployments/host_pipeline.hpp"
#include "server/deployments/step.hpp"
#include "server/dispatch/command_store.hpp"
#include "server/runs/run_store.hpp"

namespace cockpit::deployments {

template <typename T>
using StoreResult = dispatch::StoreResult<T>;
using runs::Wish;

struct ServiceRecord {
    std::string name;
    std::string definition;  ///< JSON text, without the secret
    std::optional<std::string> sealed_secret;
    std::string created_by;
    std::int64_t created_at_ms = 0;
    std::string updated_by;
    std::int64_t updated_at_ms = 0;
    /// The commit of a push that has not been deployed yet; empty: none. Not written with the rest.
    std::string pushed_commit;
    std::string pushed_by;
};

enum class DeploymentState {
    committing,
    running,
    paused,
    succeeded,
    unchanged,               ///< there was nothing to commit, so no host was touched
    finished_with_failures,  ///< each host had its turn, not each with success
    failed,                  ///< not committed, or stopped by its failures
    cancelled,
};
std::string_view to_text(DeploymentState state);
std::optional<DeploymentState> parse_deployment_state(std::string_view text);
bool is_final(DeploymentState state);

struct DeploymentRecord {
    std::string deployment_id;
    std::string service;
    std::string definition;  ///< of the service, as it was
    std::string message;
    bool forced = false;
    std::string expression;          ///< who of the service's hosts; empty: all of them
    std::vector<std::string> paths;  ///< of the files it brings, from the root of the repository
    std::optional<std::string> sealed_changes;  ///< the files; gone once they are committed
    std::string created_by;
    std::int64_t created_at_ms = 0;
    std::optional<std::int64_t> ended_at_ms;
    std::optional<std::string> idempotency_key;  ///< unique with created_by
    std::string request_digest;                  ///< of all that was asked for, beside the key
    DeploymentState state = DeploymentState::committing;
    std::string base;         ///< where the branch was; empty: not known yet
    std::string commit;       ///< what is deployed; empty: not known yet
    std::vector<Step> steps;  ///< those on the server
    runs::RunProgress progress;
    std::optional<Wish> wish;
    std::string wished_by;
    std::size_t total = 0;  ///< hosts
    std::string lease_owner;
    std::int64_t lease_until_ms = 0;
    std::int64_t id = 0;  ///< given by the database, grows: the order of the list
};

struct DeployedHost {
    std::string agent_id;
    std::size_t wave = 0;
    runs::HostState state = runs::HostState::waiting;
    std::optional<HostEnd> end{};  ///< set when ended
    std::string why{};             ///< of one that was skipped, or ended without success
    std::vector<Step> steps{};
    Pipeline pipeline{};  ///< written once
};

/// A deployment with its hosts, in order.
struct Deployment {
    DeploymentRecord record;
    std::vector<DeployedHost> hosts;
};

/// What the driver writes, in one transaction.
struct DeploymentChange {
    std::string deployment_id;
    std::string owner;
    std::int64_t lease_until_ms = 0;
    DeploymentState state = DeploymentState::committing;
    runs::RunProgress progress;
    std::string base;
    std::string commit;
    std::vector<Step> steps;
    std::optional<std::int64_t> ended_at_ms;
    std::optional<Wish> done_wish;  ///< taken back, unless it is another one by now
    struct Host {
        std::size_t ordinal = 0;
        DeployedHost host;
    };
    std::vector<Host> hosts;
};

struct DeploymentPage {
    std::vector<DeploymentRecord> deployments;
    bool more = false;
};

class ServiceStore {
  public:
    virtual ~ServiceStore() = default;

    /// False: there is one of this name.
    virtual void add_service(ServiceRecord service, runtime::Callback<StoreResult<bool>> done) = 0;
    /// False: there is none.
    virtual void replace_service(ServiceRecord service,
                                 runtime::Callback<StoreResult<bool>> done) = 0;
    /// False: there is none, or it is being deployed.
    virtual void remove_service(std::string name, runtime::Callback<StoreResult<bool>> done) = 0;
    virtual void find_service(
        std::string name, runtime::Callback<StoreResult<std::optional<ServiceRecord>>> done) = 0;
    /// By name.
    virtual void list_services(runtime::Callback<StoreResult<std::vector<ServiceRecord>>> done) = 0;

    virtual void note_push(std::string service, std::string commit, std::string by,
                           runtime::Callback<StoreResult<bool>> done) = 0;
    /// Unless another push came since.
    virtual void forget_push(std::string service, std::string commit,
                             runtime::Callback<StoreResult<bool>> done) = 0;
    /// Those with a push that has not been deployed, and no open deployment.
    virtual void pushed_services(
        runtime::Callback<StoreResult<std::vector<ServiceRecord>>> done) = 0;
};

class DeploymentStore {
  public:
    virtual ~DeploymentStore() = default;

    /// False: created_by used this idempotency key before, or one of this service is open; nothing
    /// was added.
    virtual void add_deployment(Deployment deployment,
                                runtime::Callback<StoreResult<bool>> done) = 0;
    virtual void find_deployment(
        std::string deployment_id,
        runtime::Callback<StoreResult<std::optional<Deployment>>> done) = 0;
    virtual void find_deployment_by_key(
        std::string created_by, std::string key,
        runtime::Callback<StoreResult<std::optional<DeploymentRecord>>> done) = 0;
    /// Newest first, those with a smaller id; of one service, unless that is empty; `limit` from 1
    /// to 1000.
    virtual void list_deployments(int limit, std::optional<std::int64_t> before_id,
                                  std::string service,
                                  runtime::Callback<StoreResult<DeploymentPage>> done) = 0;

    /// For deployments that have not ended. False: it has, or is to be cancelled anyway, or is to
    /// be resumed and not paused.
    virtual void wish_of_deployment(std::string deployment_id, Wish wish, std::string by,
                                    runtime::Callback<StoreResult<bool>> done) = 0;

    /// Those that have not ended and are this owner's or nobody's any more.
    virtual void open_deployments(
        std::string owner, std::int64_t now_ms,
        runtime::Callback<StoreResult<std::vector<DeploymentRecord>>> done) = 0;
    /// Takes or renews the lease. False: another one has it, or the deployment has ended.
    virtual void lease_deployment(std::string deployment_id, std::string owner, std::int64_t now_ms,
                                  std::int64_t until_ms,
                                  runtime::Callback<StoreResult<bool>> done) = 0;
    /// Once there is a commit, the files are no longer kept. False: the lease is not this owner's
    /// any more, and nothing was written.
    virtual void change_deployment(DeploymentChange change,
                                   runtime::Callback<StoreResult<bool>> done) = 0;
};

}  // namespace cockpit::deployments
