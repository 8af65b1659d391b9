#include "server/store/database_store.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <utility>

#include "server/store/account_queries.hpp"
#include "server/store/agent_queries.hpp"
#include "server/store/command_queries.hpp"
#include "server/store/deployment_queries.hpp"
#include "server/store/group_queries.hpp"
#include "server/store/group_writer.hpp"
#include "server/store/history_queries.hpp"
#include "server/store/incoming_queries.hpp"
#include "server/store/notification_queries.hpp"
#include "server/store/output_queries.hpp"
#include "server/store/reader_threads.hpp"
#include "server/store/run_queries.hpp"
#include "server/store/schedule_queries.hpp"
#include "server/store/service_queries.hpp"
#include "server/store/statistics_queries.hpp"

namespace cockpit::store {
namespace {

namespace asio = boost::asio;

constexpr std::size_t reader_threads = 2;

template <typename T>
using DispatchDone = runtime::Callback<dispatch::StoreResult<T>>;
template <typename T>
using AuthDone = runtime::Callback<auth::StoreResult<T>>;

// Delivers one result on the I/O thread, which does not run out of work before.
template <typename T, typename Error>
class Delivery {
  public:
    Delivery(const asio::any_io_executor& io, runtime::Callback<std::expected<T, Error>> done)
        : work_(io), done_(std::move(done)) {}

    void operator()(std::expected<T, std::string> result) {
        std::expected<T, Error> translated = std::unexpected(Error{});
        if (result) {
            translated = std::move(*result);
        } else {
            translated.error().message = std::move(result.error());
        }
        asio::post(work_.get_executor(),
                   [done = std::move(done_), result = std::move(translated)]() mutable {
                       done(std::move(result));
                   });
        work_.reset();
    }

  private:
    asio::executor_work_guard<asio::any_io_executor> work_;
    runtime::Callback<std::expected<T, Error>> done_;
};

// A read may be tried again on a new connection: it changes nothing.
template <typename T>
std::expected<T, std::string> run_read(Session* session,
                                       std::move_only_function<T(Connection&)>& read) {
    if (session == nullptr) return std::unexpected("the store is closed");
    for (int attempt = 1;; ++attempt) {
        try {
            return read(session->connection());
        } catch (const DatabaseError& error) {
            if (error.kind() == DatabaseError::Kind::lost && attempt == 1) continue;
            return std::unexpected(error.what());
        } catch (const std::exception& error) {
            return std::unexpected(error.what());
        }
    }
}

class DatabaseStore final : public Store {
  public:
    DatabaseStore(asio::any_io_executor io, Connections connections)
        : io_(std::move(io)),
          readers_(std::move(connections.reading), reader_threads),
          writer_(std::move(connections.writing)) {}
    ~DatabaseStore() override { close(); }

    void close() override {
        writer_.stop();
        readers_.stop();
    }

    metrics::WriteFigures write_figures() const override { return writer_.figures(); }

    // Commands.
    void insert(dispatch::CommandRecord record,
                DispatchDone<dispatch::CommandRecord> done) override {
        write(insert_command(std::move(record)), std::move(done));
    }
    void update(dispatch::CommandUpdate update,
                DispatchDone<dispatch::UpdateOutcome> done) override {
        write(update_command(update), std::move(done));
    }
    void mark_dispatched(protocol::AttemptId attempt, std::int64_t expires_at_ms,
                         DispatchDone<dispatch::UpdateOutcome> done) override {
        write(store::mark_dispatched(attempt, expires_at_ms), std::move(done));
    }
    void request_cancel(protocol::CommandId id, std::string by, std::int64_t at_ms,
                        DispatchDone<dispatch::UpdateOutcome> done) override {
        write(store::request_cancel(id, by, at_ms), std::move(done));
    }
    void find_by_key(std::string sent_by, std::string idempotency_key,
                     DispatchDone<std::optional<dispatch::CommandRecord>> done) override {
        read<std::optional<dispatch::CommandRecord>>(
            [sent_by = std::move(sent_by), key = std::move(idempotency_key)](Connection& c) {
                return store::find_by_key(c, sent_by, key);
            },
            std::move(done));
    }
    void attempts(protocol::CommandId id,
                  DispatchDone<std::vector<dispatch::AttemptRecord>> done) override {
        read<std::vector<dispatch::AttemptRecord>>(
            [id = std::move(id)](Connection& c) { return command_attempts(c, id.text()); },
            std::move(done));
    }
    void find(protocol::CommandId id,
              DispatchDone<std::optional<dispatch::CommandRecord>> done) override {
        read<std::optional<dispatch::CommandRecord>>(
            [id = std::move(id)](Connection& c) { return find_command(c, id.text()); },
            std::move(done));
    }
    void history(dispatch::HistoryQuery query, DispatchDone<dispatch::HistoryPage> done) override {
        read<dispatch::HistoryPage>(
            [query = std::move(query)](Connection& c) { return command_history(c, query); },
            std::move(done));
    }
    void open_commands(DispatchDone<std::vector<dispatch::CommandRecord>> done) override {
        read<std::vector<dispatch::CommandRecord>>(
            [](Connection& c) { return store::open_commands(c); }, std::move(done));
    }
    void ping(DispatchDone<bool> done) override {
        read<bool>([](Connection& c) { return !c.query({"SELECT 1", {}}).empty(); },
                   std::move(done));
    }

    // Output.
    void add_output(dispatch::NewOutput output,
                    DispatchDone<std::optional<std::int64_t>> done) override {
        write(store::add_output(output), std::move(done));
    }
    void read_output(protocol::AttemptId attempt, std::int64_t from, int max_pieces,
                     DispatchDone<dispatch::OutputRead> done) override {
        read<dispatch::OutputRead>(
            [attempt = std::move(attempt), from, max_pieces](Connection& c) {
                return store::read_output(c, attempt, from, max_pieces);
            },
            std::move(done));
    }

    // Hosts.
    void load_agents(DispatchDone<std::vector<dispatch::AgentRecord>> done) override {
        read<std::vector<dispatch::AgentRecord>>(
            [](Connection& c) { return store::load_agents(c); }, std::move(done));
    }
    void save_agent(dispatch::AgentRecord record, DispatchDone<bool> done) override {
        write(store::save_agent(record), std::move(done));
    }
    void add_join_token(dispatch::JoinToken token, DispatchDone<bool> done) override {
        write(store::add_join_token(token), std::move(done));
    }
    void find_join_token(std::string id,
                         DispatchDone<std::optional<dispatch::JoinToken>> done) override {
        read<std::optional<dispatch::JoinToken>>(
            [id = std::move(id)](Connection& c) { return store::find_join_token(c, id); },
            std::move(done));
    }
    void redeem_join_token(std::string token_id, std::int64_t now_ms, dispatch::AgentRecord record,
                           DispatchDone<std::optional<dispatch::RedeemFailure>> done) override {
        write(store::redeem_join_token(token_id, now_ms, record), std::move(done));
    }

    // Groups and labels.
    void load_targets(DispatchDone<targets::TargetRecords> done) override {
        read<targets::TargetRecords>([](Connection& c) { return store::load_targets(c); },
                                     std::move(done));
    }
    void add_group(targets::GroupRecord group, DispatchDone<bool> done) override {
        write(store::add_group(group), std::move(done));
    }
    void replace_group(targets::GroupRecord group, DispatchDone<bool> done) override {
        write(store::replace_group(group), std::move(done));
    }
    void remove_group(std::string name, DispatchDone<bool> done) override {
        write(store::remove_group(name), std::move(done));
    }
    void save_labels(targets::LabelRecord labels, DispatchDone<bool> done) override {
        write(store::save_labels(labels), std::move(done));
    }

    // Statistics.
    void tallies(std::int64_t from_minute, statistics::Step step,
                 DispatchDone<std::vector<statistics::Tally>> done) override {
        read<std::vector<statistics::Tally>>(
            [from_minute, step](Connection& c) { return load_tallies(c, from_minute, step); },
            std::move(done));
    }
    void remove_tallies(statistics::Retention before, DispatchDone<bool> done) override {
        write(store::remove_tallies(before), std::move(done));
    }
    void open_counts(DispatchDone<std::vector<statistics::OpenCount>> done) override {
        read<std::vector<statistics::OpenCount>>([](Connection& c) { return load_open_counts(c); },
                                                 std::move(done));
    }
    void database_size(DispatchDone<statistics::DatabaseSize> done) override {
        read<statistics::DatabaseSize>([](Connection& c) { return load_database_size(c); },
                                       std::move(done));
    }

    // Schedules and maintenance windows.
    void load_schedules(DispatchDone<schedules::ScheduleRecords> done) override {
        read<schedules::ScheduleRecords>([](Connection& c) { return store::load_schedules(c); },
                                         std::move(done));
    }
    void add_schedule(schedules::ScheduleRecord record, DispatchDone<bool> done) override {
        write(store::add_schedule(record), std::move(done));
    }
    void replace_schedule(schedules::ScheduleRecord record, DispatchDone<bool> done) override {
        write(store::replace_schedule(record), std::move(done));
    }
    void remove_schedule(std::string name, DispatchDone<bool> done) override {
        write(store::remove_schedule(name), std::move(done));
    }
    void add_firing(schedules::FiringRecord record, DispatchDone<bool> done) override {
        write(store::add_firing(record), std::move(done));
    }
    void abandoned_firings(std::int64_t now_ms,
                           DispatchDone<std::vector<schedules::FiringRecord>> done) override {
        read<std::vector<schedules::FiringRecord>>(
            [now_ms](Connection& c) { return store::abandoned_firings(c, now_ms); },
            std::move(done));
    }
    void take_firing(schedules::FiringRecord firing, std::string owner, std::int64_t lease_until_ms,
                     std::int64_t now_ms, DispatchDone<bool> done) override {
        write(store::take_firing(firing, owner, lease_until_ms, now_ms), std::move(done));
    }
    void end_firing(schedules::FiringRecord firing, DispatchDone<bool> done) override {
        write(store::end_firing(firing), std::move(done));
    }
    void firings(std::string schedule, int limit,
                 DispatchDone<std::vector<schedules::FiringRecord>> done) override {
        read<std::vector<schedules::FiringRecord>>(
            [schedule = std::move(schedule), limit](Connection& c) {
                return store::list_firings(c, schedule, limit);
            },
            std::move(done));
    }
    void firing_before(std::string schedule, std::int64_t due_at_ms,
                       DispatchDone<std::optional<schedules::FiringRecord>> done) override {
        read<std::optional<schedules::FiringRecord>>(
            [schedule = std::move(schedule), due_at_ms](Connection& c) {
                return store::firing_before(c, schedule, due_at_ms);
            },
            std::move(done));
    }
    void add_window(schedules::WindowRecord record, DispatchDone<bool> done) override {
        write(store::add_window(record), std::move(done));
    }
    void replace_window(schedules::WindowRecord record, DispatchDone<bool> done) override {
        write(store::replace_window(record), std::move(done));
    }
    void remove_window(std::string name, DispatchDone<bool> done) override {
        write(store::remove_window(name), std::move(done));
    }

    // Accounts.
    void count_users(AuthDone<std::int64_t> done) override {
        read<std::int64_t>([](Connection& c) { return store::count_users(c); }, std::move(done));
    }
    void find_user(std::string username, AuthDone<std::optional<auth::UserRecord>> done) override {
        read<std::optional<auth::UserRecord>>(
            [username = std::move(username)](Connection& c) {
                return store::find_user(c, username);
            },
            std::move(done));
    }
    void list_users(AuthDone<std::vector<auth::UserRecord>> done) override {
        read<std::vector<auth::UserRecord>>([](Connection& c) { return store::list_users(c); },
                                            std::move(done));
    }
    void save_user(auth::UserRecord user, AuthDone<bool> done) override {
        write(store::save_user(user), std::move(done));
    }
    void add_token(auth::TokenRecord token, AuthDone<bool> done) override {
        write(store::add_token(token), std::move(done));
    }
    void find_token(std::string token_hash,
                    AuthDone<std::optional<auth::TokenOwner>> done) override {
        read<std::optional<auth::TokenOwner>>(
            [hash = std::move(token_hash)](Connection& c) { return store::find_token(c, hash); },
            std::move(done));
    }
    void list_tokens_of(std::string username,
                        AuthDone<std::vector<auth::TokenRecord>> done) override {
        read<std::vector<auth::TokenRecord>>(
            [username = std::move(username)](Connection& c) {
                return store::list_tokens_of(c, username);
            },
            std::move(done));
    }
    void remove_token(std::string token_hash, AuthDone<bool> done) override {
        write(store::remove_token(token_hash), std::move(done));
    }
    void remove_tokens_of(std::string username, std::string keep_hash,
                          AuthDone<std::int64_t> done) override {
        write(store::remove_tokens_of(username, keep_hash), std::move(done));
    }
    void remove_expired_tokens(std::int64_t now_ms, AuthDone<std::int64_t> done) override {
        write(store::remove_expired_tokens(now_ms), std::move(done));
    }

    // Notifications.
    void load_notification_targets(DispatchDone<std::vector<notify::TargetRecord>> done) override {
        read<std::vector<notify::TargetRecord>>(
            [](Connection& c) { return store::load_notification_targets(c); }, std::move(done));
    }
    void add_target(notify::TargetRecord record, DispatchDone<bool> done) override {
        write(store::add_target(record), std::move(done));
    }
    void change_target(notify::TargetRecord record, DispatchDone<bool> done) override {
        write(store::change_target(record), std::move(done));
    }
    void remove_target(std::string name, std::int64_t at_ms, DispatchDone<bool> done) override {
        write(store::remove_target(name, at_ms), std::move(done));
    }
    void publish_event(notify::Publication publication, DispatchDone<std::int64_t> done) override {
        write(store::publish_event(publication), std::move(done));
    }
    void due_deliveries(std::int64_t now_ms,
                        DispatchDone<std::vector<notify::Delivery>> done) override {
        read<std::vector<notify::Delivery>>(
            [now_ms](Connection& c) { return store::due_deliveries(c, now_ms); }, std::move(done));
    }
    void claim_delivery(std::int64_t id, std::string owner, std::int64_t now_ms,
                        std::int64_t until_ms,
                        DispatchDone<std::optional<notify::Delivery>> done) override {
        write(store::claim_delivery(id, owner, now_ms, until_ms), std::move(done));
    }
    void settle_delivery(notify::Settlement settlement, DispatchDone<bool> done) override {
        write(store::settle_delivery(settlement), std::move(done));
    }
    void find_delivery(std::int64_t id,
                       DispatchDone<std::optional<notify::Delivery>> done) override {
        read<std::optional<notify::Delivery>>(
            [id](Connection& c) { return store::find_delivery(c, id); }, std::move(done));
    }
    void list_deliveries(notify::DeliveryQuery query,
                         DispatchDone<std::vector<notify::Delivery>> done) override {
        read<std::vector<notify::Delivery>>(
            [query = std::move(query)](Connection& c) { return store::list_deliveries(c, query); },
            std::move(done));
    }
    void resend_delivery(std::int64_t id, std::int64_t now_ms, std::int64_t give_up_at_ms,
                         DispatchDone<bool> done) override {
        write(store::resend_delivery(id, now_ms, give_up_at_ms), std::move(done));
    }
    void sweep_deliveries(std::int64_t delivered_before_ms, std::int64_t dead_before_ms,
                          DispatchDone<std::int64_t> done) override {
        write(store::sweep_deliveries(delivered_before_ms, dead_before_ms), std::move(done));
    }

    // Incoming webhooks.
    void load_hooks(DispatchDone<std::vector<notify::HookRecord>> done) override {
        read<std::vector<notify::HookRecord>>([](Connection& c) { return store::load_hooks(c); },
                                              std::move(done));
    }
    void find_hook(std::string name,
                   DispatchDone<std::optional<notify::HookRecord>> done) override {
        read<std::optional<notify::HookRecord>>(
            [name = std::move(name)](Connection& c) { return store::find_hook(c, name); },
            std::move(done));
    }
    void add_hook(notify::HookRecord record, DispatchDone<bool> done) override {
        write(store::add_hook(record), std::move(done));
    }
    void remove_hook(std::string name, DispatchDone<bool> done) override {
        write(store::remove_hook(name), std::move(done));
    }
    void add_push(notify::PushRecord record,
                  DispatchDone<std::optional<std::int64_t>> done) override {
        write(store::add_push(record), std::move(done));
    }
    void set_push_outcome(std::int64_t id, std::string outcome, DispatchDone<bool> done) override {
        write(store::set_push_outcome(id, outcome), std::move(done));
    }
    void list_pushes(std::string hook, int limit,
                     DispatchDone<std::vector<notify::PushRecord>> done) override {
        read<std::vector<notify::PushRecord>>(
            [hook = std::move(hook), limit](Connection& c) {
                return store::list_pushes(c, hook, limit);
            },
            std::move(done));
    }

    // Plans and runs.
    void add_plan(runs::PlanRecord plan, DispatchDone<bool> done) override {
        write(store::add_plan(plan), std::move(done));
    }
    void find_plan(std::string plan_id,
                   DispatchDone<std::optional<runs::PlanRecord>> done) override {
        read<std::optional<runs::PlanRecord>>(
            [id = std::move(plan_id)](Connection& c) { return store::find_plan(c, id); },
            std::move(done));
    }
    void remove_plans_before(std::int64_t expired_ms, DispatchDone<bool> done) override {
        write(store::remove_plans_before(expired_ms), std::move(done));
    }
    void add_run(runs::Run run, DispatchDone<bool> done) override {
        write(store::add_run(run), std::move(done));
    }
    void find_run(std::string run_id, DispatchDone<std::optional<runs::Run>> done) override {
        read<std::optional<runs::Run>>(
            [id = std::move(run_id)](Connection& c) { return store::find_run(c, id); },
            std::move(done));
    }
    void find_run_by_key(std::string created_by, std::string key,
                         DispatchDone<std::optional<runs::RunRecord>> done) override {
        read<std::optional<runs::RunRecord>>(
            [by = std::move(created_by), key = std::move(key)](Connection& c) {
                return store::find_run_by_key(c, by, key);
            },
            std::move(done));
    }
    void find_run_of_plan(std::string plan_id,
                          DispatchDone<std::optional<runs::RunRecord>> done) override {
        read<std::optional<runs::RunRecord>>(
            [id = std::move(plan_id)](Connection& c) { return store::find_run_of_plan(c, id); },
            std::move(done));
    }
    void list_runs(int limit, std::optional<std::int64_t> before_id,
                   DispatchDone<runs::RunPage> done) override {
        read<runs::RunPage>(
            [limit, before_id](Connection& c) { return store::list_runs(c, limit, before_id); },
            std::move(done));
    }
    void wish(std::string run_id, runs::Wish wish, std::string by,
              DispatchDone<bool> done) override {
        write(store::wish_of_run(run_id, wish, by), std::move(done));
    }
    void open_runs(std::string owner, std::int64_t now_ms,
                   DispatchDone<std::vector<runs::RunRecord>> done) override {
        read<std::vector<runs::RunRecord>>(
            [owner = std::move(owner), now_ms](Connection& c) {
                return store::open_runs(c, owner, now_ms);
            },
            std::move(done));
    }
    void lease_run(std::string run_id, std::string owner, std::int64_t now_ms,
                   std::int64_t until_ms, DispatchDone<bool> done) override {
        write(store::lease_run(run_id, owner, now_ms, until_ms), std::move(done));
    }
    void change_run(runs::RunChange change, DispatchDone<bool> done) override {
        write(store::change_run(change), std::move(done));
    }

    // Services and deployments.
    void add_service(deployments::ServiceRecord service, DispatchDone<bool> done) override {
        write(store::add_service(service), std::move(done));
    }
    void replace_service(deployments::ServiceRecord service, DispatchDone<bool> done) override {
        write(store::replace_service(service), std::move(done));
    }
    void remove_service(std::string name, DispatchDone<bool> done) override {
        write(store::remove_service(name), std::move(done));
    }
    void find_service(std::string name,
                      DispatchDone<std::optional<deployments::ServiceRecord>> done) override {
        read<std::optional<deployments::ServiceRecord>>(
            [name = std::move(name)](Connection& c) { return store::find_service(c, name); },
            std::move(done));
    }
    void list_services(DispatchDone<std::vector<deployments::ServiceRecord>> done) override {
        read<std::vector<deployments::ServiceRecord>>(store::list_services, std::move(done));
    }
    void note_push(std::string service, std::string commit, std::string by,
                   DispatchDone<bool> done) override {
        write(store::note_push(service, commit, by), std::move(done));
    }
    void forget_push(std::string service, std::string commit, DispatchDone<bool> done) override {
        write(store::forget_push(service, commit), std::move(done));
    }
    void pushed_services(DispatchDone<std::vector<deployments::ServiceRecord>> done) override {
        read<std::vector<deployments::ServiceRecord>>(store::pushed_services, std::move(done));
    }
    void add_deployment(deployments::Deployment deployment, DispatchDone<bool> done) override {
        write(store::add_deployment(deployment), std::move(done));
    }
    void find_deployment(std::string id,
                         DispatchDone<std::optional<deployments::Deployment>> done) override {
        read<std::optional<deployments::Deployment>>(
            [id = std::move(id)](Connection& c) { return store::find_deployment(c, id); },
            std::move(done));
    }
    void find_deployment_by_key(
        std::string created_by, std::string key,
        DispatchDone<std::optional<deployments::DeploymentRecord>> done) override {
        read<std::optional<deployments::DeploymentRecord>>(
            [by = std::move(created_by), key = std::move(key)](Connection& c) {
                return store::find_deployment_by_key(c, by, key);
            },
            std::move(done));
    }
    void list_deployments(int limit, std::optional<std::int64_t> before_id, std::string service,
                          DispatchDone<deployments::DeploymentPage> done) override {
        read<deployments::DeploymentPage>(
            [limit, before_id, service = std::move(service)](Connection& c) {
                return store::list_deployments(c, limit, before_id, service);
            },
            std::move(done));
    }
    void wish_of_deployment(std::string id, runs::Wish wish, std::string by,
                            DispatchDone<bool> done) override {
        write(store::wish_of_deployment(id, wish, by), std::move(done));
    }
    void open_deployments(std::string owner, std::int64_t now_ms,
                          DispatchDone<std::vector<deployments::DeploymentRecord>> done) override {
        read<std::vector<deployments::DeploymentRecord>>(
            [owner = std::move(owner), now_ms](Connection& c) {
                return store::open_deployments(c, owner, now_ms);
            },
            std::move(done));
    }
    void lease_deployment(std::string id, std::string owner, std::int64_t now_ms,
                          std::int64_t until_ms, DispatchDone<bool> done) override {
        write(store::lease_deployment(id, owner, now_ms, until_ms), std::move(done));
    }
    void change_deployment(deployments::DeploymentChange change, DispatchDone<bool> done) override {
        write(store::change_deployment(change), std::move(done));
    }

  private:
    template <typename T, typename Error>
    void write(WriteOf<T> operation, runtime::Callback<std::expected<T, Error>> done) {
        Write request;
        request.statements = std::move(operation.statements);
        request.counted_agent = std::move(operation.counted_agent);
        request.answer = [decode = std::move(operation.decode),
                          deliver = Delivery<T, Error>(io_, std::move(done))](
                             std::expected<std::span<const Rows>, std::string> results) mutable {
            if (!results) return deliver(std::unexpected(std::move(results.error())));
            std::expected<T, std::string> decoded = std::unexpected(std::string());
            try {
                decoded = decode(*results);
            } catch (const std::exception& error) {
                decoded = std::unexpected(error.what());
            }
            deliver(std::move(decoded));
        };
        writer_.submit(std::move(request));
    }

    template <typename T, typename Error>
    void read(std::move_only_function<T(Connection&)> work,
              runtime::Callback<std::expected<T, Error>> done) {
        readers_.submit(
            [work = std::move(work), deliver = Delivery<T, Error>(io_, std::move(done))](
                Session* session) mutable { deliver(run_read<T>(session, work)); });
    }

    asio::any_io_executor io_;
    ReaderThreads readers_;
    GroupWriter writer_;
};

}  // namespace

std::unique_ptr<Store> create_store(asio::any_io_executor io, Connections connections) {
    return std::make_unique<DatabaseStore>(std::move(io), std::move(connections));
}

}  // namespace cockpit::store
