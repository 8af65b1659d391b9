#include "store_fixture.hpp"

#include <stdlib.h>

#include "log/log.hpp"
#include "server/store/database_url.hpp"
#include "server/store/postgres_connection.hpp"
#include "server/store/sqlite_connection.hpp"

namespace cockpit::store {
namespace {

std::unique_ptr<fakes::PostgresServer> shared_server;

class StopSharedServer : public testing::Environment {
  public:
    // Otherwise four lines for each database tell that its migrations ran.
    void SetUp() override { log::configure(log::Level::warning, log::Format::text); }
    void TearDown() override { shared_server.reset(); }
};
const auto* const stop_shared_server = testing::AddGlobalTestEnvironment(new StopSharedServer);

}  // namespace

TemporaryDirectory::TemporaryDirectory() {
    char name[] = "/tmp/cockpit_store_XXXXXX";
    if (::mkdtemp(name) == nullptr) throw std::runtime_error("cannot make a directory in /tmp");
    path_ = name;
}

TemporaryDirectory::~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

fakes::PostgresServer& shared_postgres() {
    if (!shared_server) {
        shared_server = std::make_unique<fakes::PostgresServer>(
            fakes::PostgresServer::Settings{.fsync = false});
    }
    return *shared_server;
}

OpenStore::OpenStore(const std::string& url) {
    auto opened = open(io_.get_executor(), url);
    if (!opened) throw std::runtime_error(opened.error());
    store_ = std::move(*opened);
}

dispatch::StoreResult<dispatch::CommandRecord> OpenStore::insert(dispatch::CommandRecord record) {
    return wait<dispatch::StoreResult<dispatch::CommandRecord>>(
        [&](auto done) { store_->insert(std::move(record), std::move(done)); });
}
dispatch::StoreResult<dispatch::UpdateOutcome> OpenStore::update(dispatch::CommandUpdate update) {
    return wait<dispatch::StoreResult<dispatch::UpdateOutcome>>(
        [&](auto done) { store_->update(std::move(update), std::move(done)); });
}
dispatch::StoreResult<std::optional<dispatch::CommandRecord>> OpenStore::find(
    const std::string& id) {
    return wait<dispatch::StoreResult<std::optional<dispatch::CommandRecord>>>(
        [&](auto done) { store_->find(protocol::CommandId::parse(id).value(), std::move(done)); });
}
dispatch::StoreResult<dispatch::HistoryPage> OpenStore::history(dispatch::HistoryQuery query) {
    return wait<dispatch::StoreResult<dispatch::HistoryPage>>(
        [&](auto done) { store_->history(std::move(query), std::move(done)); });
}
dispatch::StoreResult<std::vector<dispatch::CommandRecord>> OpenStore::open_commands() {
    return wait<dispatch::StoreResult<std::vector<dispatch::CommandRecord>>>(
        [&](auto done) { store_->open_commands(std::move(done)); });
}
dispatch::StoreResult<bool> OpenStore::ping() {
    return wait<dispatch::StoreResult<bool>>([&](auto done) { store_->ping(std::move(done)); });
}

StoreTest::StoreTest() {
    url_ = GetParam() == Dialect::postgres
               ? shared_postgres().create_database()
               : "sqlite://" + (directory_.path() / "cockpit.db").string();
}

std::unique_ptr<Connection> StoreTest::connect() const {
    const auto url = parse_database_url(url_).value();
    if (postgres()) return connect_postgres(url.location, PostgresUse::migration);
    return connect_sqlite(url.location, SqliteUse::writing);
}

protocol::CommandId command_id(unsigned n) {
    unsigned char bytes[16] = {};
    for (int i = 0; i < 4; ++i)
        bytes[15 - i] = static_cast<unsigned char>(n >> (8 * i));
    return protocol::CommandId::from_random_bytes(bytes);
}

dispatch::CommandRecord command_record(unsigned n, const std::string& agent_id) {
    dispatch::CommandRecord record;
    record.agent_id = agent_id;
    record.command_id = command_id(n).text();
    record.command = "echo";
    record.params = R"({"message":"hello"})";
    record.sent_at_ms = 1'790'000'000'123 + n;
    record.expires_at_ms = record.sent_at_ms + 10'000;
    record.sent_by = "admin";
    return record;
}

dispatch::CommandUpdate command_update(unsigned n, protocol::CommandState state) {
    return {.attempt = {command_id(n), 1},
            .agent_id = "host-1",
            .state = state,
            .at_ms = 1'790'000'001'456};
}

std::string dialect_name(const testing::TestParamInfo<Dialect>& info) {
    return info.param == Dialect::postgres ? "PostgreSQL" : "SQLite";
}

}  // namespace cockpit::store
