#include "server/schedules/command_launcher.hpp"

#include <boost/json/value.hpp>

#include "server/schedules/request_fields.hpp"

namespace cockpit::schedules {
namespace json = boost::json;
namespace {

constexpr double longest_run_s = 86'400;
// Agents refuse what lives longer than seven days.
constexpr double longest_queue_s = 7 * 86'400 - 60;
constexpr std::int64_t queue_ms = 3'600'000;

std::unexpected<std::string> wrong(std::string_view name, const std::string& right) {
    return std::unexpected("'" + std::string(name) + "' must be " + right);
}

std::expected<std::int64_t, std::string> seconds_of(std::string_view name, const json::value& given,
                                                    double longest) {
    const auto right =
        "a number of seconds from 1 to " + std::to_string(static_cast<std::int64_t>(longest));
    if (!given.is_number()) return wrong(name, right);
    const auto seconds = given.to_number<double>();
    if (seconds < 1 || seconds > longest) return wrong(name, right);
    return static_cast<std::int64_t>(seconds * 1000);
}

std::expected<dispatch::Submission, std::string> submission_of(const json::object& request) {
    std::optional<protocol::AgentId> agent;
    std::string command;
    json::object params;
    std::optional<std::int64_t> timeout_ms;
    std::optional<std::int64_t> expires_ms;
    bool queue = false;
    bool force = false;
    auto unknown = unknown_field(request, {"agent_id", "command", "params", "execution_timeout",
                                           "queue_if_offline", "expires_in", "force"});
    if (unknown) return std::unexpected(*std::move(unknown));
    for (const auto& [field, value] : request) {
        const std::string name(field);
        if (name == "agent_id") {
            if (!value.is_string()) return wrong(name, "a string");
            auto id = protocol::AgentId::parse(value.get_string());
            if (!id) return std::unexpected("'agent_id' is wrong: " + id.error());
            agent = *std::move(id);
        } else if (name == "command") {
            if (!value.is_string() || value.get_string().empty() || value.get_string().size() > 50)
                return wrong(name, "a string of 1 to 50 bytes");
            command = value.get_string();
        } else if (name == "params") {
            if (!value.is_object()) return wrong(name, "an object");
            params = value.get_object();
        } else if (name == "execution_timeout") {
            const auto limit = seconds_of(name, value, longest_run_s);
            if (!limit) return std::unexpected(limit.error());
            timeout_ms = *limit;
        } else if (name == "expires_in") {
            const auto limit = seconds_of(name, value, longest_queue_s);
            if (!limit) return std::unexpected(limit.error());
            expires_ms = *limit;
        } else if (name == "queue_if_offline" || name == "force") {
            if (!value.is_bool()) return wrong(name, "true or false");
            (name == "force" ? force : queue) = value.get_bool();
        }
    }
    if (!agent) return std::unexpected("'agent_id' is missing");
    if (command.empty()) return std::unexpected("'command' is missing");
    if (expires_ms && !queue) {
        return std::unexpected("'expires_in' needs 'queue_if_offline': true");
    }
    dispatch::Submission submission{.agent = *std::move(agent),
                                    .command = std::move(command),
                                    .params = std::move(params),
                                    .timeout_ms = timeout_ms,
                                    .forced = force};
    if (queue) submission.queue_for_ms = expires_ms.value_or(queue_ms);
    return submission;
}

}  // namespace

std::optional<std::string> CommandLauncher::objection(const json::object& request) const {
    const auto submission = submission_of(request);
    if (submission) return std::nullopt;
    return submission.error();
}

void CommandLauncher::launch(Kind, json::object request, std::string by, std::string key,
                             runtime::Callback<std::expected<std::string, std::string>> done) {
    auto submission = submission_of(request);
    if (!submission) return done(std::unexpected(submission.error()));
    submission->sent_by = std::move(by);
    // The key alone says which firing it is: a schedule that was changed since must not make the
    // second launch of it another request.
    submission->idempotency = {key, key};
    dispatcher_.submit(*std::move(submission), [done = std::move(done)](auto accepted) mutable {
        if (!accepted) return done(std::unexpected(accepted.error().detail));
        done(accepted->command_id);
    });
}

void CommandLauncher::still_runs(Kind, std::string id,
                                 runtime::Callback<std::expected<bool, std::string>> done) {
    const auto command = protocol::CommandId::parse(id);
    if (!command) return done(false);
    store_.find(*command, [done = std::move(done)](auto found) mutable {
        if (!found) return done(std::unexpected(found.error().message));
        done(*found && !protocol::is_final((*found)->state));
    });
}

}  // namespace cockpit::schedules
