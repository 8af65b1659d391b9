#include "server/deployments/push_deployments.hpp"

#include <algorithm>
#include <memory>

#include "log/log.hpp"
#include "server/deployments/repository_rules.hpp"

namespace cockpit::deployments {
namespace {

constexpr std::int64_t look_ms = 1'000;

// Of several services: answers when all of them are written down.
struct Noting {
    std::size_t left = 0;
    bool failed = false;
    std::string names;
    runtime::Callback<std::string> done;

    void one_less() {
        if (--left > 0) return;
        done(failed ? "it could not be written down for each of the services " + names +
                          "; let the git server send it again"
                    : "it deploys " + names);
    }
};

}  // namespace

bool concerns(const notify::Push& push, const Service& service) {
    if (!service.deploy_on_push || push.branch != service.branch) return false;
    const auto key = same_repository_key(service.remote);
    return std::ranges::any_of(
        push.urls, [&](const std::string& url) { return same_repository_key(url) == key; });
}

void PushDeployments::on_push(notify::Push push, runtime::Callback<std::string> done) {
    services_.list_services(
        [this, push = std::move(push), done = std::move(done)](auto found) mutable {
            if (!found) {
                log::error("services cannot be read", {{"error", found.error().message}});
                return done("the services could not be read; let the git server send it again");
            }
            auto noting = std::make_shared<Noting>();
            std::vector<std::string> names;
            for (const auto& record : *found) {
                const auto service = service_of(record.name, record.definition);
                if (service && concerns(push, *service)) names.push_back(record.name);
            }
            if (names.empty()) {
                return done("no service with deploy_on_push comes from branch '" + push.branch +
                            "' of this repository");
            }
            for (const auto& name : names)
                noting->names += (noting->names.empty() ? "'" : ", '") + name + "'";
            noting->left = names.size();
            noting->done = std::move(done);
            for (const auto& name : names) {
                services_.note_push(name, push.after, "webhook " + push.hook,
                                    [noting](StoreResult<bool> noted) {
                                        noting->failed |= !noted || !*noted;
                                        noting->one_less();
                                    });
            }
        });
}

void PushDeployments::on_tick() {
    if (clock_.steady_ms() < look_at_ms_) return;
    look_at_ms_ = clock_.steady_ms() + look_ms;
    services_.pushed_services([this](auto found) {
        if (!found) {
            log::warning("pushed services cannot be read", {{"error", found.error().message}});
            return;
        }
        for (const auto& service : *found)
            look_after(service);
    });
}

void PushDeployments::look_after(const ServiceRecord& service) {
    deployments_.list_deployments(
        1, std::nullopt, service.name, [this, service](StoreResult<DeploymentPage> page) {
            if (!page) return;
            const bool ours =
                !page->deployments.empty() && page->deployments[0].commit == service.pushed_commit;
            if (!ours) return start(service);
            services_.forget_push(service.name, service.pushed_commit, [](const auto&) {});
        });
}

// The same key again, from another server or after a failure here, is the same deployment.
void PushDeployments::start(const ServiceRecord& service) {
    StartDeployment request{
        .service = service.name,
        .request = {.files = {}, .message = "", .forced = false, .expression = {}},
        .by = service.pushed_by,
        .idempotency_key = "push " + service.pushed_commit + " " + service.name};
    engine_.start(std::move(request), [this, service](const auto& started) {
        const bool later = !started && (started.error().kind == Error::Kind::store_unavailable ||
                                        started.error().kind == Error::Kind::conflict);
        if (later) return;
        if (!started) {
            log::warning("a push could not be deployed", {{"service", service.name},
                                                          {"commit", service.pushed_commit},
                                                          {"error", started.error().detail}});
        }
        services_.forget_push(service.name, service.pushed_commit, [](const auto&) {});
    });
}

}  // namespace cockpit::deployments
