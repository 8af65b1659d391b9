#include "server/api/command_endpoints.hpp"

#include <chrono>

#include <boost/json/serialize.hpp>

#include "crypto/digest.hpp"
#include "crypto/encoding.hpp"
#include "runtime/await_callback.hpp"
#include "server/api/problems.hpp"
#include "server/api/views.hpp"
#include "server/dispatch/why.hpp"

namespace cockpit::api {
namespace json = boost::json;
namespace asio = boost::asio;
namespace {

using Type = Field::Type;

constexpr double git_pull_wait_s = 30;
constexpr double docker_restart_wait_s = 60;
constexpr std::int64_t queue_s = 3'600;
// Agents refuse what lives longer than seven days.
constexpr std::int64_t longest_queue_s = 7 * 86'400 - 60;

const Field agent_id{
    .name = "agent_id", .required = true, .description = "the host's agent", .max_length = 255};

const Field force{.name = "force",
                  .type = Type::boolean,
                  .description = "true: also while a maintenance window of the host is open"};

Field timeout(std::string description) {
    return {.name = "timeout",
            .type = Type::number,
            .description = std::move(description),
            .min = 0,
            .max = 3600};
}

using Responses = std::vector<std::pair<int, std::string>>;
Responses responses(std::string when_200) {
    return {{200, std::move(when_200)},
            {400, "a field is wrong, the host has no such command, or params do not fit it"},
            {404, "no such agent"},
            {409,
             "the agent speaks the unsigned protocol, the Idempotency-Key was used before, or a "
             "maintenance window of the host is open"},
            {422, "the host refused the command, or it failed; the command's fields are there"},
            {503, "the agent is offline or cannot be seen; nothing was sent"},
            {504, "it did not end in time; the command's fields are there"}};
}

std::optional<std::int64_t> milliseconds_of(const json::object& body, std::string_view name) {
    const auto seconds = number_of(body, name);
    if (!seconds) return std::nullopt;
    return static_cast<std::int64_t>(*seconds * 1000);
}

const std::vector<Field>& retry_fields() {
    static const std::vector<Field> fields{
        {.name = "max_attempts", .type = Type::integer, .required = true, .min = 1, .max = 10},
        {.name = "backoff_s", .type = Type::number, .min = 0, .max = 3600},
        {.name = "on", .type = Type::text_list, .min_length = 1, .max_length = 3}};
    return fields;
}

std::expected<dispatch::RetryPolicy, std::string> read_retry(const json::object& given) {
    using protocol::CommandState;
    const auto checked = check_fields(retry_fields(), given);
    if (!checked) return std::unexpected("'retry' is wrong: " + checked.error());
    dispatch::RetryPolicy retry;
    retry.max_attempts = static_cast<int>(*integer_of(*checked, "max_attempts"));
    retry.backoff_ms = milliseconds_of(*checked, "backoff_s").value_or(retry.backoff_ms);
    for (const auto& word : list_of(*checked, "on").value_or(std::vector<std::string>{"error"})) {
        const auto state = protocol::parse_command_state(word);
        if (state != CommandState::error && state != CommandState::timeout &&
            state != CommandState::interrupted) {
            return std::unexpected("'retry' is wrong: 'on' holds '" + word +
                                   "', which is none of error, timeout, interrupted");
        }
        retry.on.push_back(*state);
    }
    return retry;
}

// What the request wishes of the way to the host, beside the command itself.
std::expected<void, std::string> read_delivery(const Call& call, dispatch::Submission& submission) {
    submission.timeout_ms = milliseconds_of(call.body, "execution_timeout");
    submission.forced = boolean_of(call.body, "force").value_or(false);
    const auto expires_in = milliseconds_of(call.body, "expires_in");
    if (boolean_of(call.body, "queue_if_offline").value_or(false)) {
        submission.queue_for_ms = expires_in.value_or(queue_s * 1000);
    } else if (expires_in) {
        return std::unexpected("'expires_in' needs 'queue_if_offline': true");
    }
    if (const auto* retry = call.body.if_contains("retry")) {
        auto policy = read_retry(retry->as_object());
        if (!policy) return std::unexpected(policy.error());
        submission.retry = *std::move(policy);
    }
    if (call.idempotency_key) {
        submission.idempotency = {
            *call.idempotency_key,
            crypto::to_hex(crypto::sha256(submission.command + '\n' + json::serialize(call.body)))};
    }
    return {};
}

}  // namespace

void CommandEndpoints::add_to(Api& api) {
    api.add(
        {.method = "POST",
         .pattern = "/api/cockpit-agent/command",
         .summary = "Send a command; with timeout, wait for its end",
         .permission = "cockpit_agents:write",
         .body = {agent_id,
                  {.name = "command",
                   .required = true,
                   .description = "one of the agent's capabilities",
                   .min_length = 1,
                   .max_length = 50},
                  {.name = "params", .type = Type::object, .description = "what the command takes"},
                  timeout("seconds to wait for the end; absent or 0: answer at once"),
                  {.name = "execution_timeout",
                   .type = Type::number,
                   .description = "seconds it may run; the host's own limit stays the maximum",
                   .min = 1,
                   .max = 86'400},
                  {.name = "queue_if_offline",
                   .type = Type::boolean,
                   .description = "true: a host that is away is waited for, as long as expires_in"},
                  {.name = "expires_in",
                   .type = Type::number,
                   .description = "seconds within which it must start, or it never will",
                   .min = 1,
                   .max = longest_queue_s},
                  {.name = "retry",
                   .type = Type::object,
                   .description = "{max_attempts: 1 to 10, backoff_s: 0 to 3600, on: list of "
                                  "error, timeout, interrupted}"},
                  force},
         .responses = responses("accepted (status pending), or ended well"),
         .handle = [this](Call call) { return send_any(std::move(call)); },
         .answer = "Command"});
    api.add({.method = "POST",
             .pattern = "/api/cockpit-agent/git-pull",
             .summary = "Fast-forward a git work tree on the host",
             .permission = "cockpit_agents:write",
             .body = {agent_id,
                      {.name = "repository_path",
                       .required = true,
                       .description = "one of the host's GIT_REPO_PATH",
                       .min_length = 1},
                      {.name = "branch",
                       .description = "branch of the remote 'origin', default main",
                       .min_length = 1,
                       .max_length = 255},
                      timeout("seconds to wait for the end, default 30; 0: answer at once"),
                      force},
             .responses = responses("ended well"),
             .handle = [this](Call call) { return git_pull(std::move(call)); },
             .answer = "Command"});
    api.add({.method = "POST",
             .pattern = "/api/cockpit-agent/docker-restart",
             .summary = "Restart a container on the host",
             .permission = "cockpit_agents:write",
             .body = {agent_id,
                      {.name = "container_name",
                       .required = true,
                       .description = "one of the host's DOCKER_CONTAINER_NAME",
                       .min_length = 1,
                       .max_length = 255},
                      timeout("seconds to wait for the end, default 60; 0: answer at once"),
                      force},
             .responses = responses("ended well"),
             .handle = [this](Call call) { return docker_restart(std::move(call)); },
             .answer = "Command"});
    api.add({.method = "POST",
             .pattern = "/api/cockpit-agent/commands/{command_id}/cancel",
             .summary = "Stop a command; the answer tells how it stands",
             .permission = "cockpit_agents:write",
             .responses = {{200, "cancelled, or the host is being told"},
                           {404, "no such command"},
                           {409, "it has ended already, or its host's agent cannot stop it"}},
             .handle = [this](Call call) { return cancel(std::move(call)); },
             .answer = "Command"});
    api.add({.method = "GET",
             .pattern = "/api/cockpit-agent/commands/{command_id}/why",
             .summary = "What a command waits for, or which rule ended it",
             .permission = "cockpit_agents:read",
             .responses = {{200, "the reason"}, {404, "no such command"}},
             .handle = [this](Call call) { return why(std::move(call)); },
             .answer = "WhyCommand"});
    api.add({.method = "GET",
             .pattern = "/api/cockpit-agent/commands/{command_id}/attempts",
             .summary = "How the attempts before the current one ended",
             .permission = "cockpit_agents:read",
             .responses = {{200, "the attempts, oldest first"}, {404, "no such command"}},
             .handle = [this](Call call) { return attempts(std::move(call)); },
             .answer = "Attempts"});
    api.add({.method = "GET",
             .pattern = "/api/cockpit-agent/commands/{command_id}",
             .summary = "How a command stands",
             .permission = "cockpit_agents:read",
             .responses = {{200, "the command"}, {404, "no such command"}},
             .handle = [this](Call call) { return find(std::move(call)); },
             .answer = "Command"});
}

CommandEndpoints::Answer CommandEndpoints::send_any(Call call) {
    auto command = *text_of(call.body, "command");
    json::object params;
    if (const auto* given = call.body.if_contains("params")) params = given->as_object();
    const auto wait_s = number_of(call.body, "timeout");
    return submit(std::move(call), std::move(command), std::move(params), wait_s);
}

CommandEndpoints::Answer CommandEndpoints::git_pull(Call call) {
    json::object params{{"repository_path", *text_of(call.body, "repository_path")},
                        {"branch", text_of(call.body, "branch").value_or("main")}};
    const auto wait_s = number_of(call.body, "timeout").value_or(git_pull_wait_s);
    return submit(std::move(call), "git_pull", std::move(params), wait_s);
}

CommandEndpoints::Answer CommandEndpoints::docker_restart(Call call) {
    json::object params{{"container_name", *text_of(call.body, "container_name")}};
    const auto wait_s = number_of(call.body, "timeout").value_or(docker_restart_wait_s);
    return submit(std::move(call), "docker_restart", std::move(params), wait_s);
}

CommandEndpoints::Answer CommandEndpoints::submit(Call call, std::string command,
                                                  json::object params,
                                                  std::optional<double> wait_s) {
    const auto deadline = std::chrono::steady_clock::now() +
                          std::chrono::milliseconds(std::int64_t(wait_s.value_or(0) * 1000));
    auto agent = protocol::AgentId::parse(*text_of(call.body, "agent_id"));
    if (!agent) co_return http::problem(400, "'agent_id' is wrong: " + agent.error());
    dispatch::Submission submission{.agent = *std::move(agent),
                                    .command = std::move(command),
                                    .params = std::move(params),
                                    .sent_by = call.identity.username};
    if (auto read = read_delivery(call, submission); !read) {
        co_return http::problem(400, read.error());
    }
    using Accepted = std::expected<dispatch::CommandRecord, dispatch::SubmitError>;
    auto accepted = co_await runtime::await_callback<Accepted>(
        [&](auto done) { dispatcher_.submit(std::move(submission), std::move(done)); });
    if (!accepted) co_return to_problem(accepted.error());
    if (wait_s.value_or(0) == 0) co_return json_response(to_json(*accepted));
    co_return co_await wait_for_end(*std::move(accepted), deadline);
}

CommandEndpoints::Answer CommandEndpoints::wait_for_end(dispatch::CommandRecord accepted,
                                                        runtime::Deadline deadline) {
    const auto id = protocol::CommandId::parse(accepted.command_id);
    if (!id) throw std::logic_error("a kept command has an ill-formed id");
    auto waited = co_await runtime::with_deadline(deadline, ended(*id));
    if (waited && *waited) co_return ended_response(**waited);
    // Too late, or the store failed: how it stands now is what the client can be told.
    auto now = co_await look_up(*id);
    if (!now || !*now) co_return unreadable_problem(accepted);
    if (protocol::is_final((*now)->state)) co_return ended_response(**now);
    co_return still_open_problem(**now);
}

asio::awaitable<std::optional<dispatch::CommandRecord>> CommandEndpoints::ended(
    protocol::CommandId id) {
    std::unique_ptr<dispatch::Waiter> waiter;
    co_return co_await runtime::await_callback<std::optional<dispatch::CommandRecord>>(
        [&](auto done) { waiter = dispatcher_.wait(id, std::move(done)); });
}

asio::awaitable<dispatch::StoreResult<std::optional<dispatch::CommandRecord>>>
CommandEndpoints::look_up(protocol::CommandId id) {
    using Found = dispatch::StoreResult<std::optional<dispatch::CommandRecord>>;
    co_return co_await runtime::await_callback<Found>(
        [&](auto done) { store_.find(id, std::move(done)); });
}

CommandEndpoints::Answer CommandEndpoints::find(Call call) {
    const auto id = protocol::CommandId::parse(call.path.at("command_id"));
    if (!id) co_return http::problem(400, "'command_id' is wrong: " + id.error());
    auto found = co_await look_up(*id);
    if (!found) co_return to_problem(found.error());
    if (!*found) co_return http::problem(404, "there is no command " + id->text());
    co_return json_response(to_json(**found));
}

CommandEndpoints::Answer CommandEndpoints::cancel(Call call) {
    const auto id = protocol::CommandId::parse(call.path.at("command_id"));
    if (!id) co_return http::problem(400, "'command_id' is wrong: " + id.error());
    using Cancelled = std::expected<dispatch::CommandRecord, dispatch::CancelError>;
    auto cancelled = co_await runtime::await_callback<Cancelled>(
        [&](auto done) { dispatcher_.cancel(*id, call.identity.username, std::move(done)); });
    if (!cancelled) co_return to_problem(cancelled.error());
    co_return json_response(to_json(*cancelled));
}

CommandEndpoints::Answer CommandEndpoints::why(Call call) {
    const auto id = protocol::CommandId::parse(call.path.at("command_id"));
    if (!id) co_return http::problem(400, "'command_id' is wrong: " + id.error());
    auto found = co_await look_up(*id);
    if (!found) co_return to_problem(found.error());
    if (!*found) co_return http::problem(404, "there is no command " + id->text());
    const auto agent = protocol::AgentId::parse((*found)->agent_id);
    const auto now = clock_.wall_ms();
    co_return json_response(json::object{
        {"command_id", id->text()},
        {"status", protocol::to_text((*found)->state)},
        {"why", dispatch::why(**found, agent ? directory_.find(*agent, now) : std::nullopt, now,
                              agent ? dispatcher_.forbids(*agent) : std::nullopt)}});
}

CommandEndpoints::Answer CommandEndpoints::attempts(Call call) {
    const auto id = protocol::CommandId::parse(call.path.at("command_id"));
    if (!id) co_return http::problem(400, "'command_id' is wrong: " + id.error());
    auto found = co_await look_up(*id);
    if (!found) co_return to_problem(found.error());
    if (!*found) co_return http::problem(404, "there is no command " + id->text());
    using Attempts = dispatch::StoreResult<std::vector<dispatch::AttemptRecord>>;
    auto earlier = co_await runtime::await_callback<Attempts>(
        [&](auto done) { store_.attempts(*id, std::move(done)); });
    if (!earlier) co_return to_problem(earlier.error());
    json::array attempts;
    for (const auto& attempt : *earlier)
        attempts.push_back(to_json(attempt));
    co_return json_response(
        json::object{{"command_id", id->text()}, {"attempts", std::move(attempts)}});
}

}  // namespace cockpit::api
