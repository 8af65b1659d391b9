#pragma once
// Whether the process lives (/healthz) and whether it can do its work (/readyz).

#include <functional>
#include <string>
#include <vector>

#include "server/api/api.hpp"
#include "server/dispatch/command_store.hpp"

namespace cockpit::api {

struct Health {
    bool ok = false;
    std::string detail;  ///< a sentence for the operator
};

/// One thing the server cannot work without.
struct HealthCheck {
    std::string name;
    /// Is given 2 s, then counts as failed.
    std::function<boost::asio::awaitable<Health>()> run;
};

/// Asks the database. `store` must outlive the check.
HealthCheck database_check(dispatch::CommandStore& store);

class HealthEndpoints {
  public:
    explicit HealthEndpoints(std::vector<HealthCheck> checks) : checks_(std::move(checks)) {}
    /// This object must outlive `api`.
    void add_to(Api& api);

  private:
    using Answer = boost::asio::awaitable<http::Response>;
    Answer alive(Call call);
    Answer ready(Call call);

    std::vector<HealthCheck> checks_;
};

}  // namespace cockpit::api
