#include "unit/server/api/api_fixture.hpp"

#include <boost/json/parse.hpp>

#include "crypto/digest.hpp"
#include "crypto/encoding.hpp"
#include "crypto/keys.hpp"
#include "crypto/random.hpp"
#include "fakes/run_task.hpp"
#include "server/http/target.hpp"

namespace cockpit::api {
namespace json = boost::json;
namespace {

protocol::CommandId random_command_id() {
    unsigned char bytes[16];
    crypto::fill_random(bytes);
    return protocol::CommandId::from_random_bytes(bytes);
}

boost::asio::awaitable<Health> health_of(const Health* health) {
    co_return *health;
}

}  // namespace

std::string Answer::header(std::string_view name) const {
    for (const auto& [key, value] : headers) {
        if (key == name) return value;
    }
    return "<absent>";
}

std::string Answer::text(std::string_view field) const {
    const auto* value = body.if_contains(field);
    return value != nullptr && value->is_string() ? std::string(value->get_string()) : "<absent>";
}

ApiTest::ApiTest()
    : dispatcher({.interrupted_attempts = 1}, clock, directory, commands, link, random_command_id),
      planner({.store = run_store,
               .dispatcher = dispatcher,
               .directory = directory,
               .targeting = targeting,
               .clock = clock,
               .box = box,
               .new_id = [] { return random_command_id().text(); },
               .hash_key = "key"}),
      runs({.owner = "test"}, {.store = run_store,
                               .planner = planner,
                               .dispatcher = dispatcher,
                               .events = no_events,
                               .clock = clock,
                               .new_id = [] { return random_command_id().text(); }}),
      deployments({.owner = "test"}, {.store = deployment_store,
                                      .services = deployment_store,
                                      .git = git,
                                      .dispatcher = dispatcher,
                                      .targeting = targeting,
                                      .events = no_events,
                                      .clock = clock,
                                      .box = box,
                                      .new_id = [] { return random_command_id().text(); }}),
      rest({.access = access,
            .dispatcher = dispatcher,
            .commands = commands,
            .output_store = output_store,
            .output_log = output_log,
            .max_output_streams = 2,
            .directory = directory,
            .admission = admission,
            .clock = clock,
            .targeting = targeting,
            .notifications = {.targets = targets,
                              .outbox = notifications,
                              .deliverer = deliverer,
                              .incoming = notifications,
                              .hooks = hooks},
            .runs = {.planner = planner, .engine = runs, .store = run_store},
            .schedules = {.scheduler = scheduler, .windows = windows, .store = schedule_store},
            .deployments = {.engine = deployments,
                            .store = deployment_store,
                            .book = services,
                            .services = deployment_store},
            .statistics = statistics,
            .metrics = {.counted = counted,
                        .writes = [] { return metrics::WriteFigures(); },
                        .redis = [this] { return redis_figures(); }}},
           {{.name = "redis", .run = [this] { return health_of(&redis); }}}),
      handler(rest.handler()),
      admin(token_for("admin", {"*"})) {
    directory.on_link_restored(clock.wall_ms());
    dispatcher.guard_starts_with(&windows);
}

Answer ApiTest::call(std::string method, std::string_view target, std::string body,
                     std::string token) {
    auto parsed = http::parse_target(target);
    if (!parsed) throw std::invalid_argument(parsed.error());
    http::Request request{.method = std::move(method),
                          .path = parsed->path,
                          .raw_path = parsed->raw_path,
                          .query = parsed->query,
                          .body = std::move(body),
                          .peer_address = "10.0.0.1"};
    if (!request.body.empty()) request.headers["content-type"] = "application/json";
    if (!token.empty()) request.headers["authorization"] = "Bearer " + token;
    const auto response = fakes::run_task(io, handler(request));
    Answer answer{.status = response.status,
                  .content_type = response.content_type,
                  .headers = response.headers};
    // A stream is not read here.
    if (response.content_type.starts_with("text/")) {
        answer.plain = response.body;
    } else if (!response.stream) {
        answer.body = json::parse(response.body).as_object();
    }
    return answer;
}

boost::asio::awaitable<std::optional<metrics::RedisFigures>> ApiTest::redis_figures() {
    if (!redis.ok) co_return std::nullopt;
    co_return metrics::RedisFigures{.memory_bytes = 1'000'000, .results_waiting = 3};
}

Answer ApiTest::call_open(std::string_view target, std::string body,
                          std::map<std::string, std::string> headers) {
    auto parsed = http::parse_target(target);
    if (!parsed) throw std::invalid_argument(parsed.error());
    http::Request request{.method = "POST",
                          .path = parsed->path,
                          .raw_path = parsed->raw_path,
                          .query = parsed->query,
                          .headers = std::move(headers),
                          .body = std::move(body),
                          .peer_address = "10.0.0.1"};
    const auto response = fakes::run_task(io, handler(request));
    return {.status = response.status,
            .content_type = response.content_type,
            .headers = response.headers,
            .body = json::parse(response.body).as_object()};
}

std::string ApiTest::token_for(std::string username, std::vector<std::string> permissions,
                               bool must_change_password) {
    const auto token = "ckp_" + crypto::to_base64url(crypto::random_bytes(32));
    accounts.users[username] = {.username = username,
                                .permissions = std::move(permissions),
                                .must_change_password = must_change_password,
                                .created_at_ms = clock.wall_ms()};
    const auto hash = crypto::to_hex(crypto::sha256(token));
    accounts.tokens[hash] = {.token_hash = hash,
                             .username = username,
                             .name = "session",
                             .created_at_ms = clock.wall_ms(),
                             .expires_at_ms = clock.wall_ms() + 3'600'000};
    return token;
}

void ApiTest::connect(std::string_view agent_id) {
    const auto key = crypto::SigningKey::generate().public_key().to_base64();
    const auto id = agent(agent_id);
    directory.set_keys(id, key, std::nullopt);
    clock.advance(1);
    directory.on_hello({.agent = id,
                        .public_key = key,
                        .hostname = std::string(agent_id) + ".example.org",
                        .version = "1.2.3",
                        .commands = protocol::original_commands(),
                        .labels = {{"site", "bern"}},
                        .os = "linux",
                        .arch = "x86_64",
                        .started_at_ms = clock.wall_ms() - 5'000,
                        .at_ms = clock.wall_ms(),
                        .commands_executed = 7,
                        .running = 1},
                       clock.wall_ms());
    directory.on_subscribers(id, 1, clock.wall_ms());
}

void ApiTest::host_answers(protocol::CommandState state, std::string output,
                           std::optional<std::string> error) {
    link.host = [this, state, output, error](const protocol::Run& run) {
        if (state == protocol::CommandState::refused) {
            dispatcher.on_refused(
                {.agent = run.agent, .attempt = run.attempt, .reason = error.value_or("")},
                [](bool) {});
            return;
        }
        dispatcher.on_finished({.agent = run.agent,
                                .attempt = run.attempt,
                                .state = state,
                                .output = output,
                                .error = error,
                                .execution_time_ms = 12,
                                .exit_code = state == protocol::CommandState::success ? 0 : 1},
                               [](bool) {});
    };
}

}  // namespace cockpit::api
