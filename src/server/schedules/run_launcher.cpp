#include "server/schedules/run_launcher.hpp"

#include "server/schedules/request_fields.hpp"

namespace cockpit::schedules {
namespace json = boost::json;

std::optional<std::string> RunLauncher::objection(const json::object& request) const {
    auto unknown = unknown_field(
        request, {"targets", "agents", "command", "params", "concurrency", "max_failures", "canary",
                  "pause_s", "execution_timeout", "offline", "expires_in", "force"});
    if (unknown) return unknown;
    if (const auto plan = runs::plan_request_of(request); !plan) return plan.error();
    if (const auto manner = runs::manner_of(request); !manner) return manner.error();
    return std::nullopt;
}

void RunLauncher::launch(Kind, json::object request, std::string by, std::string key,
                         runtime::Callback<std::expected<std::string, std::string>> done) {
    engine_.start_for(request, std::move(by), std::move(key),
                      [done = std::move(done)](auto started) mutable {
                          if (!started) return done(std::unexpected(started.error().detail));
                          done(started->run_id);
                      });
}

void RunLauncher::still_runs(Kind, std::string id,
                             runtime::Callback<std::expected<bool, std::string>> done) {
    store_.find_run(std::move(id), [done = std::move(done)](auto found) mutable {
        if (!found) return done(std::unexpected(found.error().message));
        done(*found && !runs::is_final((*found)->record.progress.state));
    });
}

}  // namespace cockpit::schedules
