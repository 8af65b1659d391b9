#include "server/app/app.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <boost/asio.hpp>
#include <csignal>
#include <cstdlib>
#include <iostream>

#include "composition/redis_connection.hpp"
#include "crypto/keys.hpp"
#include "crypto/random.hpp"
#include "log/log.hpp"
#include "runtime/await_callback.hpp"
#include "runtime/blocking_pool.hpp"
#include "runtime/clock.hpp"
#include "runtime/task_scope.hpp"
#include "server/api/rest_api.hpp"
#include "server/api/views.hpp"
#include "server/app/standalone.hpp"
#include "server/app/state_directory.hpp"
#include "server/auth/access.hpp"
#include "server/delivery/curl_sender.hpp"
#include "server/deployments/push_deployments.hpp"
#include "server/deployments/service_book.hpp"
#include "server/dispatch/admission.hpp"
#include "server/dispatch/dispatcher.hpp"
#include "server/git/git_mirrors.hpp"
#include "server/http/listener.hpp"
#include "server/notify/deliverer.hpp"
#include "server/notify/incoming_hooks.hpp"
#include "server/notify/notifier.hpp"
#include "server/page/page.hpp"
#include "server/runs/run_engine.hpp"
#include "server/schedules/command_launcher.hpp"
#include "server/schedules/deployment_launcher.hpp"
#include "server/schedules/run_launcher.hpp"
#include "server/schedules/scheduler.hpp"
#include "server/schedules/windows.hpp"
#include "server/statistics/overview.hpp"
#include "server/store/store.hpp"
#include "server/targets/targeting.hpp"
#include "server/transport/agent_transport.hpp"
#include "server/transport/news_router.hpp"

namespace cockpit::server {
namespace asio = boost::asio;
using std::chrono::milliseconds;
namespace {

constexpr milliseconds tick(500);
constexpr milliseconds request_grace(5'000);
constexpr std::chrono::seconds host_refresh(15);
constexpr std::chrono::hours sweep_each(1);
constexpr std::size_t pool_threads = 2;
constexpr milliseconds sending_grace(3'000);
// In ticks of half a second.
constexpr int read_schedules_each = 4;
constexpr int look_at_hosts_each = 2;
constexpr int read_targets_each = 10;
constexpr int catch_up_each = 120;
constexpr int sweep_outbox_each = 7'200;

struct StartFailure : std::runtime_error {
    using std::runtime_error::runtime_error;
};

template <typename T, typename Error>
T or_fail(std::expected<T, Error> result, std::string_view what = "") {
    if (result) {
        if constexpr (std::is_void_v<T>) {
            return;
        } else {
            return *std::move(result);
        }
    }
    if constexpr (requires { result.error().message; }) {
        throw StartFailure(std::string(what) + result.error().message);
    } else if constexpr (requires { result.error().detail; }) {
        throw StartFailure(std::string(what) + result.error().detail);
    } else {
        throw StartFailure(std::string(what) + result.error());
    }
}

protocol::CommandId random_command_id() {
    unsigned char bytes[16];
    crypto::fill_random(bytes);
    return protocol::CommandId::from_random_bytes(bytes);
}

std::string random_id() {
    return random_command_id().text();
}

double random_chance() {
    unsigned char bytes[2];
    crypto::fill_random(bytes);
    return (bytes[0] * 256 + bytes[1]) / 65'535.0;
}

notify::RetrySchedule retry_schedule(const config::NotifySettings& settings) {
    return {.first_ms = settings.first_retry_ms,
            .longest_ms = settings.longest_retry_ms,
            .give_up_ms = settings.give_up_ms};
}

delivery::SenderSettings sender_settings(const config::NotifySettings& settings) {
    return {.threads = static_cast<std::size_t>(settings.at_once),
            .timeout_ms = settings.timeout_ms,
            .allow_local = settings.allow_local,
            .allow_hosts = settings.allow_hosts,
            .smtp_url = settings.smtp_url,
            .smtp_user = settings.smtp_user,
            .smtp_password = settings.smtp_password,
            .smtp_from = settings.smtp_from,
            .smtp_require_tls = settings.smtp_require_tls};
}

std::string consumer_name(const config::ServerSettings& settings) {
    char host[256] = {};
    ::gethostname(host, sizeof host - 1);
    return std::string(host) + ":" + std::to_string(settings.port);
}

std::string url_of(const std::string& address, std::uint16_t port) {
    const bool ipv6 = address.contains(':');
    return "http://" + (ipv6 ? "[" + address + "]" : address) + ":" + std::to_string(port);
}

// A connection is a descriptor; thousands of them are normal.
void raise_descriptor_limit() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
}

class App {
  public:
    App(const config::ServerSettings& settings, bool standalone)
        : settings_(settings),
          key_is_new_(!std::filesystem::exists(server_key_file(settings.state_directory))),
          key_(load_key(settings)),
          pool_(io_.get_executor(), pool_threads),
          store_(or_fail(store::open(io_.get_executor(), settings.database_url))),
          transport_(io_.get_executor(),
                     {.redis = composition::redis_connection(settings.redis),
                      .consumer = consumer_name(settings)},
                     clock_, key_, directory_),
          admission_(clock_, directory_, *store_, transport_),
          dispatcher_({.delivery_timeout_ms = milliseconds(settings.delivery_timeout).count(),
                       .allow_unsigned_agents = settings.allow_unsigned_agents,
                       .rate = {.per_second = settings.agent_rate_limit,
                                .burst = settings.agent_rate_burst},
                       .digest_key = key_.derive("request digest")},
                      clock_, directory_, *store_, transport_, random_command_id),
          output_({.limit_bytes = settings.output_limit_bytes}, clock_, *store_, transport_),
          news_(clock_, directory_, admission_, dispatcher_, output_),
          targeting_(clock_, directory_, *store_),
          access_({.session_lifetime = settings.session_lifetime}, *store_, pool_, clock_),
          secrets_(key_.derive("secrets of notifications at rest")),
          targets_(*store_, clock_, secrets_,
                   settings.notify.smtp_url.empty() ? "" : settings.notify.smtp_from),
          sender_(io_.get_executor(), sender_settings(settings.notify)),
          deliverer_({.schedule = retry_schedule(settings.notify),
                      .at_once = static_cast<std::size_t>(settings.notify.at_once),
                      .lease_ms = 2 * settings.notify.timeout_ms + 10'000,
                      .owner = random_id()},
                     {.store = *store_,
                      .targets = targets_,
                      .sender = sender_,
                      .clock = clock_,
                      .chance = random_chance,
                      .new_id = random_id}),
          notifier_(retry_schedule(settings.notify), settings.notify.host_stable_ms,
                    {.store = *store_,
                     .targets = targets_,
                     .clock = clock_,
                     .new_id = random_id,
                     .command_json =
                         [](const dispatch::CommandRecord& record) { return api::to_json(record); },
                     .published = [this] { deliverer_.look(); }}),
          params_(key_.derive("parameters of runs at rest")),
          planner_({.store = *store_,
                    .dispatcher = dispatcher_,
                    .directory = directory_,
                    .targeting = targeting_,
                    .clock = clock_,
                    .box = params_,
                    .new_id = random_id,
                    .hash_key = key_.derive("hashes of plans")}),
          runs_({.owner = random_id()}, {.store = *store_,
                                         .planner = planner_,
                                         .dispatcher = dispatcher_,
                                         .events = notifier_,
                                         .clock = clock_,
                                         .new_id = random_id}),
          repositories_(key_.derive("credentials and files of services at rest")),
          git_(io_.get_executor(), {.directory = settings.state_directory / "repositories",
                                    .timeout = settings.git_timeout,
                                    .allow_local = settings.git_allow_local}),
          services_(*store_, targeting_, clock_, repositories_, settings.git_allow_local),
          deployments_({.owner = random_id()}, {.store = *store_,
                                                .services = *store_,
                                                .git = git_,
                                                .dispatcher = dispatcher_,
                                                .targeting = targeting_,
                                                .events = notifier_,
                                                .clock = clock_,
                                                .box = repositories_,
                                                .new_id = random_id}),
          pushes_(*store_, *store_, deployments_, clock_),
          hooks_(*store_, clock_, secrets_, &pushes_),
          command_launcher_(dispatcher_, *store_),
          run_launcher_(runs_, *store_),
          deployment_launcher_(deployments_, *store_),
          scheduler_(clock_, *store_,
                     {{schedules::Kind::command, &command_launcher_},
                      {schedules::Kind::run, &run_launcher_},
                      {schedules::Kind::deployment, &deployment_launcher_}},
                     random_id()),
          windows_(clock_, *store_, targeting_),
          rest_({.access = access_,
                 .dispatcher = dispatcher_,
                 .commands = *store_,
                 .output_store = *store_,
                 .output_log = output_,
                 .max_output_streams = settings.max_output_streams,
                 .directory = directory_,
                 .admission = admission_,
                 .clock = clock_,
                 .targeting = targeting_,
                 .notifications = {.targets = targets_,
                                   .outbox = *store_,
                                   .deliverer = deliverer_,
                                   .incoming = *store_,
                                   .hooks = hooks_},
                 .runs = {.planner = planner_, .engine = runs_, .store = *store_},
                 .schedules = {.scheduler = scheduler_, .windows = windows_, .store = *store_},
                 .deployments = {.engine = deployments_,
                                 .store = *store_,
                                 .book = services_,
                                 .services = *store_},
                 .statistics = *store_,
                 .metrics = {.counted = metrics_,
                             .writes = [this] { return store_->write_figures(); },
                             .redis = [this] { return redis_figures(); }}},
                {{.name = "redis", .run = [this] { return redis_health(); }}}),
          tasks_(io_.get_executor()) {
        if (standalone) {
            standalone_ =
                or_fail(Standalone::create(io_.get_executor(), settings, key_.public_key()));
        }
    }

    int run() {
        std::exception_ptr failure;
        asio::co_spawn(io_, live(), [&failure](std::exception_ptr thrown) { failure = thrown; });
        io_.run();
        store_->close();
        if (failure) std::rethrow_exception(failure);
        return EXIT_SUCCESS;
    }

  private:
    static crypto::SigningKey load_key(const config::ServerSettings& settings) {
        or_fail(make_state_directory(settings.state_directory));
        return or_fail(
            crypto::SigningKey::load_or_create(server_key_file(settings.state_directory)));
    }

    asio::awaitable<void> live() {
        asio::signal_set signals(io_, SIGTERM, SIGINT);
        std::exception_ptr failure;
        try {
            co_await start();
            co_await signals.async_wait(asio::use_awaitable);
            log::info("stopping");
        } catch (...) {
            failure = std::current_exception();
        }
        signals.async_wait([](boost::system::error_code error, int) {
            if (error) return;
            log::warning("second signal: ending at once");
            std::_Exit(130);
        });
        co_await stop();
        signals.cancel();
        if (failure) std::rethrow_exception(failure);
    }

    asio::awaitable<void> start() {
        using dispatch::StoreResult;
        or_fail(co_await runtime::await_callback<StoreResult<bool>>(
            [this](auto done) { admission_.restore(std::move(done)); }));
        tell_of_a_lost_key();
        or_fail(co_await runtime::await_callback<StoreResult<bool>>(
            [this](auto done) { targeting_.restore(std::move(done)); }));
        scheduler_.on_loaded([this](const auto& windows) { windows_.adopt(windows); });
        or_fail(co_await runtime::await_callback<StoreResult<bool>>(
            [this](auto done) { scheduler_.restore(std::move(done)); }));
        dispatcher_.guard_starts_with(&windows_);
        or_fail(co_await runtime::await_callback<StoreResult<bool>>(
            [this](auto done) { dispatcher_.restore(std::move(done)); }));
        co_await runtime::await_callback<bool>(
            [this](auto done) { targets_.refresh(std::move(done)); });
        dispatcher_.tell_ends_to(&notifier_);
        dispatcher_.tell_ends_to(&metrics_);
        notifier_.catch_up(*store_);
        const auto first_login =
            or_fail(co_await access_.ensure_administrator(settings_.admin_password));

        // Bound before anything is started, so that a port in use leaves nothing behind.
        listener_ = or_fail(http::Listener::create(io_.get_executor(),
                                                   {.address = settings_.listen_address,
                                                    .port = settings_.port,
                                                    .max_body_bytes = settings_.max_body_bytes,
                                                    .max_connections = settings_.max_connections},
                                                   rest_.handler(page_handler())));

        if (standalone_) {
            or_fail(co_await runtime::await_callback<StoreResult<bool>>([this](auto done) {
                admission_.introduce(standalone_->agent_id(), standalone_->agent_key(),
                                     std::move(done));
            }));
            standalone_->start();
        }
        transport_.start(news_);
        tasks_.spawn("tick", keep_ticking());
        tasks_.spawn("notify", keep_notifying());
        tasks_.spawn("refresh hosts", refresh_hosts());
        tasks_.spawn("token sweep", sweep());
        listener_->start();

        std::cout << "listening on " << url_of(settings_.listen_address, listener_->port())
                  << std::endl;
        if (first_login && first_login->generated_password) {
            std::cout << "first log-in: user " << first_login->username << ", password "
                      << *first_login->generated_password
                      << " (shown only now; POST /auth/password changes it)" << std::endl;
        }
    }

    // Hosts refuse commands of a key that is not theirs, and nobody would know why.
    void tell_of_a_lost_key() const {
        if (!key_is_new_ || directory_.size() == 0) return;
        log::error(
            "the server key is a new one, but hosts have joined before: they refuse this server "
            "until the "
            "old key file is back or they have the new COCKPIT_SERVER_KEY",
            {{"file", server_key_file(settings_.state_directory).string()},
             {"hosts", directory_.size()}});
    }

    asio::awaitable<void> stop() {
        if (listener_) co_await listener_->stop(request_grace);
        if (standalone_) co_await standalone_->stop_agent();
        co_await tasks_.stop();
        co_await transport_.stop();
        git_.stop();
        co_await stop_sending();
        if (standalone_) co_await standalone_->stop_redis();
    }

    static http::Handler page_handler() {
        return [page = page::Page(page::built_in_files())](const http::Request& request) {
            return given(page.answer(request));
        };
    }
    static asio::awaitable<http::Response> given(http::Response response) { co_return response; }

    asio::awaitable<api::Health> redis_health() {
        const auto down = transport_.down_because();
        co_return api::Health{.ok = !down, .detail = down.value_or("connected")};
    }

    asio::awaitable<std::optional<metrics::RedisFigures>> redis_figures() {
        const auto usage = co_await transport_.usage();
        if (!usage) co_return std::nullopt;
        co_return metrics::RedisFigures{.memory_bytes = usage->memory_bytes,
                                        .results_waiting = usage->results_waiting};
    }

    asio::awaitable<void> keep_ticking() {
        asio::steady_timer timer(io_);
        for (int ticks = 1;; ++ticks) {
            timer.expires_after(tick);
            co_await timer.async_wait(asio::use_awaitable);
            const std::chrono::duration<double> late =
                std::chrono::steady_clock::now() - timer.expiry();
            metrics_.on_lag(late.count());
            dispatcher_.on_tick();
            output_.on_tick();
            runs_.on_tick();
            deployments_.on_tick();
            pushes_.on_tick();
            scheduler_.on_tick();
            if (ticks % read_schedules_each == 0) {
                scheduler_.refresh();
                windows_.refresh();
            }
        }
    }

    asio::awaitable<void> keep_notifying() {
        asio::steady_timer timer(io_);
        for (int ticks = 1;; ++ticks) {
            timer.expires_after(tick);
            co_await timer.async_wait(asio::use_awaitable);
            notifier_.on_tick();
            deliverer_.look();
            if (ticks % look_at_hosts_each == 0 && notifier_.watches_hosts()) {
                notifier_.on_hosts(directory_.list(clock_.wall_ms()));
            }
            if (ticks % read_targets_each == 0) targets_.refresh([](bool) {});
            if (ticks % catch_up_each == 0) notifier_.catch_up(*store_);
            if (ticks % sweep_outbox_each == 0) deliverer_.sweep();
        }
    }

    // What is under way is ended, and written down as not counted.
    asio::awaitable<void> stop_sending() {
        deliverer_.stop();
        sender_.stop();
        asio::steady_timer timer(io_);
        const auto deadline = std::chrono::steady_clock::now() + sending_grace;
        while (deliverer_.under_way() > 0 && std::chrono::steady_clock::now() < deadline) {
            timer.expires_after(milliseconds(20));
            co_await timer.async_wait(asio::use_awaitable);
        }
    }

    asio::awaitable<void> refresh_hosts() {
        asio::steady_timer timer(io_);
        for (;;) {
            timer.expires_after(host_refresh);
            co_await timer.async_wait(asio::use_awaitable);
            admission_.refresh();
            targeting_.refresh();
        }
    }

    asio::awaitable<void> sweep() {
        asio::steady_timer timer(io_);
        for (;;) {
            co_await access_.sweep_expired_tokens();
            store_->remove_tallies(statistics::retention_at(clock_.wall_ms()), [](auto) {});
            timer.expires_after(sweep_each);
            co_await timer.async_wait(asio::use_awaitable);
        }
    }

    const config::ServerSettings& settings_;
    metrics::Metrics metrics_;
    asio::io_context io_{1};
    runtime::SystemClock clock_;
    const bool key_is_new_;  ///< read before the key is made
    crypto::SigningKey key_;
    runtime::BlockingPool pool_;
    std::unique_ptr<store::Store> store_;
    dispatch::AgentDirectory directory_;
    transport::AgentTransport transport_;
    dispatch::Admission admission_;
    dispatch::Dispatcher dispatcher_;
    dispatch::OutputLog output_;
    transport::NewsRouter news_;
    targets::Targeting targeting_;
    auth::Access access_;
    crypto::SecretBox secrets_;
    notify::TargetBook targets_;
    delivery::CurlSender sender_;
    notify::Deliverer deliverer_;
    notify::Notifier notifier_;
    crypto::SecretBox params_;
    runs::Planner planner_;
    runs::RunEngine runs_;
    crypto::SecretBox repositories_;
    git::GitMirrors git_;
    deployments::ServiceBook services_;
    deployments::DeploymentEngine deployments_;
    deployments::PushDeployments pushes_;
    notify::IncomingHooks hooks_;
    schedules::CommandLauncher command_launcher_;
    schedules::RunLauncher run_launcher_;
    schedules::DeploymentLauncher deployment_launcher_;
    schedules::Scheduler scheduler_;
    schedules::Windows windows_;
    api::RestApi rest_;
    std::unique_ptr<Standalone> standalone_;
    std::unique_ptr<http::Listener> listener_;
    runtime::TaskScope tasks_;
};

}  // namespace

int run(const config::ServerSettings& settings, bool standalone) {
    log::configure(settings.log_level, settings.log_format);
    raise_descriptor_limit();
    std::signal(SIGPIPE, SIG_IGN);
    try {
        return App(settings, standalone).run();
    } catch (const StartFailure& failure) {
        std::cerr << "cockpit-server: " << failure.what() << '\n';
        return EXIT_FAILURE;
    }
}

}  // namespace cockpit::server
