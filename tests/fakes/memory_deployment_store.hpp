#pragma once
// Services and deployments in memory; answers in the next turn and keeps to the rules of leases.

#include <algorithm>
#include <boost/asio/any_io_executor.hpp>
#include <map>

#include "fakes/answer_later.hpp"
#include "server/deployments/deployment_store.hpp"

namespace cockpit::fakes {

class MemoryDeploymentStore final : public deployments::DeploymentStore,
                                    public deployments::ServiceStore {
  public:
    template <typename T>
    using Done = runtime::Callback<dispatch::StoreResult<T>>;
    using Deployment = deployments::Deployment;
    using DeploymentRecord = deployments::DeploymentRecord;
    using ServiceRecord = deployments::ServiceRecord;

    explicit MemoryDeploymentStore(boost::asio::any_io_executor io) : io_(std::move(io)) {}

    std::map<std::string, ServiceRecord> services;
    std::map<std::string, Deployment> deployments;
    bool broken = false;  ///< every call fails

    void add_service(ServiceRecord service, Done<bool> done) override {
        const bool added = !broken && services.emplace(service.name, service).second;
        answer(std::move(done), added);
    }
    void replace_service(ServiceRecord service, Done<bool> done) override {
        const auto found = services.find(service.name);
        const bool there = found != services.end();
        if (there && !broken) {
            service.pushed_commit = found->second.pushed_commit;
            service.pushed_by = found->second.pushed_by;
            found->second = std::move(service);
        }
        answer(std::move(done), there);
    }
    void remove_service(std::string name, Done<bool> done) override {
        const bool removed = !broken && open_of(name) == nullptr && services.erase(name) > 0;
        answer(std::move(done), removed);
    }
    void find_service(std::string name, Done<std::optional<ServiceRecord>> done) override {
        std::optional<ServiceRecord> found;
        if (const auto at = services.find(name); at != services.end()) found = at->second;
        answer(std::move(done), std::move(found));
    }
    void list_services(Done<std::vector<ServiceRecord>> done) override {
        std::vector<ServiceRecord> all;
        for (const auto& [name, service] : services)
            all.push_back(service);
        answer(std::move(done), std::move(all));
    }
    void note_push(std::string service, std::string commit, std::string by,
                   Done<bool> done) override {
        const auto found = services.find(service);
        if (found != services.end() && !broken) {
            found->second.pushed_commit = std::move(commit);
            found->second.pushed_by = std::move(by);
        }
        answer(std::move(done), found != services.end());
    }
    void forget_push(std::string service, std::string commit, Done<bool> done) override {
        const auto found = services.find(service);
        const bool same = found != services.end() && found->second.pushed_commit == commit;
        if (same && !broken) found->second.pushed_commit.clear();
        answer(std::move(done), same);
    }
    void pushed_services(Done<std::vector<ServiceRecord>> done) override {
        std::vector<ServiceRecord> pushed;
        for (const auto& [name, service] : services) {
            if (!service.pushed_commit.empty() && open_of(name) == nullptr)
                pushed.push_back(service);
        }
        answer(std::move(done), std::move(pushed));
    }

    void add_deployment(Deployment deployment, Done<bool> done) override {
        auto& record = deployment.record;
        const bool used = std::ranges::any_of(deployments, [&](const auto& other) {
            const auto& there = other.second.record;
            return record.idempotency_key && there.created_by == record.created_by &&
                   there.idempotency_key == record.idempotency_key;
        });
        const bool taken = used || open_of(record.service) != nullptr;
        if (!taken && !broken) {
            record.id = static_cast<std::int64_t>(deployments.size()) + 1;
            deployments[record.deployment_id] = std::move(deployment);
        }
        answer(std::move(done), !taken);
    }
    void find_deployment(std::string id, Done<std::optional<Deployment>> done) override {
        std::optional<Deployment> found;
        if (const auto at = deployments.find(id); at != deployments.end()) found = at->second;
        answer(std::move(done), std::move(found));
    }
    void find_deployment_by_key(std::string created_by, std::string key,
                                Done<std::optional<DeploymentRecord>> done) override {
        std::optional<DeploymentRecord> found;
        for (const auto& [id, one] : deployments) {
            if (one.record.created_by == created_by && one.record.idempotency_key == key)
                found = one.record;
        }
        answer(std::move(done), std::move(found));
    }
    void list_deployments(int limit, std::optional<std::int64_t> before_id, std::string service,
                          Done<deployments::DeploymentPage> done) override {
        deployments::DeploymentPage page;
        for (const auto& [id, one] : deployments) {
            const bool meant = service.empty() || one.record.service == service;
            if (meant && (!before_id || one.record.id < *before_id))
                page.deployments.push_back(one.record);
        }
        std::ranges::sort(page.deployments, std::greater(), &DeploymentRecord::id);
        page.more = page.deployments.size() > static_cast<std::size_t>(limit);
        if (page.more) page.deployments.resize(static_cast<std::size_t>(limit));
        answer(std::move(done), std::move(page));
    }
    void wish_of_deployment(std::string id, runs::Wish wish, std::string by,
                            Done<bool> done) override {
        auto* record = open(id);
        bool taken = record != nullptr && record->wish != runs::Wish::cancel;
        if (taken && wish == runs::Wish::resume) {
            taken = record->wish == runs::Wish::pause ||
                    (!record->wish && record->state == deployments::DeploymentState::paused);
        }
        if (taken && !broken) {
            record->wish = wish;
            record->wished_by = std::move(by);
        }
        answer(std::move(done), taken);
    }
    void open_deployments(std::string owner, std::int64_t now_ms,
                          Done<std::vector<DeploymentRecord>> done) override {
        std::vector<DeploymentRecord> found;
        for (const auto& [id, one] : deployments) {
            const auto& record = one.record;
            if (!record.ended_at_ms &&
                (record.lease_owner == owner || record.lease_until_ms < now_ms)) {
                found.push_back(record);
            }
        }
        answer(std::move(done), std::move(found));
    }
    void lease_deployment(std::string id, std::string owner, std::int64_t now_ms,
                          std::int64_t until_ms, Done<bool> done) override {
        auto* record = open(id);
        const bool leased =
            record != nullptr && (record->lease_owner == owner || record->lease_until_ms < now_ms);
        if (leased && !broken) {
            record->lease_owner = owner;
            record->lease_until_ms = until_ms;
        }
        answer(std::move(done), leased);
    }
    void change_deployment(deployments::DeploymentChange change, Done<bool> done) override {
        auto* record = open(change.deployment_id);
        const bool ours = record != nullptr && record->lease_owner == change.owner;
        if (ours && !broken) {
            record->state = change.state;
            record->progress = change.progress;
            record->base = change.base;
            record->commit = change.commit;
            record->steps = change.steps;
            record->ended_at_ms = change.ended_at_ms;
            record->lease_until_ms = change.lease_until_ms;
            if (!change.commit.empty()) record->sealed_changes.reset();
            if (record->wish == change.done_wish) record->wish.reset();
            for (auto& [ordinal, host] : change.hosts)
                deployments.at(change.deployment_id).hosts.at(ordinal) = host;
        }
        answer(std::move(done), ours);
    }

  private:
    const DeploymentRecord* open_of(const std::string& service) const {
        for (const auto& [id, one] : deployments) {
            if (one.record.service == service && !one.record.ended_at_ms) return &one.record;
        }
        return nullptr;
    }
    DeploymentRecord* open(const std::string& id) {
        const auto found = deployments.find(id);
        if (found == deployments.end() || found->second.record.ended_at_ms) return nullptr;
        return &found->second.record;
    }
    template <typename T>
    void answer(Done<T> done, std::type_identity_t<T> value) {
        answer_later(io_, std::move(done), std::move(value), broken);
    }

    boost::asio::any_io_executor io_;
};

}  // namespace cockpit::fakes
