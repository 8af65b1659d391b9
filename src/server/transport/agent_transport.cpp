#include "server/transport/agent_transport.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <charconv>

#include "log/log.hpp"
#include "runtime/await_callback.hpp"
#include "server/transport/rate_bucket.hpp"
#include "server/transport/redis_names.hpp"

namespace cockpit::transport {
namespace asio = boost::asio;
using redis::Command;
using std::chrono::milliseconds;
namespace {

// Enough for the copies of many commands to a host that is away; beyond it the oldest copies go,
// and dispatch sends again what is still wanted.
constexpr auto stream_bound = "10000";
constexpr auto batch_size = "256";
constexpr milliseconds longest_wait(5'000);
constexpr milliseconds retry_pause(1'000);
constexpr milliseconds connection_poll(100);
constexpr milliseconds permit_patience(500);
constexpr std::int64_t claim_interval_ms = 10'000;
constexpr std::size_t channels_per_question = 1'000;
constexpr auto abandoned_after_ms = "30000";

redis::Settings named(redis::Settings settings, std::string_view role) {
    settings.client_name = "cockpit-server-" + std::string(role);
    return settings;
}

dispatch::RegistryHash to_hash(const redis::Value& answer) {
    dispatch::RegistryHash hash;
    const auto* list = answer.if_array();
    for (std::size_t i = 0; list != nullptr && i + 1 < list->size(); i += 2) {
        const auto* name = (*list)[i].if_text();
        const auto* value = (*list)[i + 1].if_text();
        if (name != nullptr && value != nullptr) hash.emplace(*name, *value);
    }
    return hash;
}

std::optional<std::int64_t> used_memory(std::string_view info) {
    constexpr std::string_view name = "used_memory:";
    const auto at = info.find(name);
    if (at == std::string_view::npos) return std::nullopt;
    info.remove_prefix(at + name.size());
    std::int64_t bytes = 0;
    const auto [end, error] = std::from_chars(info.data(), info.data() + info.size(), bytes);
    return error == std::errc() ? std::optional(bytes) : std::nullopt;
}

}  // namespace

AgentTransport::AgentTransport(asio::any_io_executor executor, TransportSettings settings,
                               const runtime::Clock& clock, const crypto::SigningKey& key,
                               dispatch::AgentDirectory& directory)
    : executor_(executor),
      settings_(std::move(settings)),
      clock_(clock),
      signer_(key),
      directory_(directory),
      commands_(redis::Client::create(executor, named(settings_.redis, "commands"))),
      results_(redis::Client::create(executor, named(settings_.redis, "results"))),
      events_(redis::Subscriber::create(executor, named(settings_.redis, "events"))),
      tasks_(executor) {}

AgentTransport::~AgentTransport() = default;

void AgentTransport::start(NewsRouter& router) {
    router_ = &router;
    events_->subscribe(heartbeats_channel);
    events_->subscribe(ended_channel);
    events_->subscribe(output_channel);
    events_->subscribe(fetched_channel);
    events_->subscribe_pattern(response_channel_prefix + "*");
    events_->start([](std::optional<std::string>) {},
                   [this](std::string_view channel, std::string_view payload) {
                       on_message(channel, payload);
                   });
    commands_->start([this](std::optional<std::string> down) { on_link(std::move(down)); });
    results_->start([](std::optional<std::string>) {});
    tasks_.spawn("read results", read_results());
    tasks_.spawn("watch presence", watch_presence());
    tasks_.spawn("watch registry", watch_registry());
}

asio::awaitable<void> AgentTransport::stop() {
    co_await tasks_.stop();
    co_await results_->stop();
    co_await events_->stop();
    co_await commands_->stop();
}

asio::awaitable<std::optional<AgentTransport::Usage>> AgentTransport::usage() {
    const auto answers =
        co_await commands_->execute_all({{"INFO", "memory"}, {"XLEN", results_stream}});
    if (!answers) co_return std::nullopt;
    Usage usage;
    if (const auto* info = (*answers)[0].if_text()) usage.memory_bytes = used_memory(*info);
    if (const auto* length = (*answers)[1].if_integer()) usage.results_waiting = *length;
    co_return usage;
}

void AgentTransport::on_link(std::optional<std::string> down_because) {
    const auto now = clock_.wall_ms();
    if (down_because) {
        if (!down_because_) log::error("Redis is gone", {{"reason", *down_because}});
        directory_.on_link_lost(now, "its connection to Redis is down (" + *down_because + ")");
    } else {
        log::info("connected to Redis");
        directory_.on_link_restored(now);
        // Ask at once: the sooner the evidence, the shorter the time of `unknown`.
        tasks_.spawn("ask presence", ask_presence());
        tasks_.spawn("read registry", read_registry());
    }
    down_because_ = std::move(down_because);
}

void AgentTransport::on_message(std::string_view channel, std::string_view payload) {
    if (channel == heartbeats_channel) return router_->on_heartbeat(payload);
    if (channel == ended_channel) return router_->on_ended(payload);
    if (channel == output_channel) return router_->on_output_elsewhere(payload);
    if (channel == fetched_channel) return router_->on_fetched(payload);
    if (channel.starts_with(response_channel_prefix)) {
        router_->on_original_response(channel.substr(response_channel_prefix.size()), payload);
    }
}

// Sending
// ------------------------------------------------------------------------------------------

void AgentTransport::send_entry(const protocol::AgentId& agent, const protocol::Entry& entry,
                                runtime::Callback<dispatch::Receivers> done) {
    const auto stream = command_stream(agent);
    Command add{"XADD", stream, "MAXLEN", "~", stream_bound, "*"};
    for (auto& field : protocol::to_stream_fields(entry))
        add.push_back(std::move(field));
    std::vector<Command> both{
        std::move(add), {"PUBLISH", command_channel(agent), protocol::to_channel_message(entry)}};
    commands_->send_all(std::move(both), [done = std::move(done)](redis::Answers answers) mutable {
        const auto* count = answers && answers->size() == 2 ? (*answers)[1].if_integer() : nullptr;
        done(count == nullptr ? std::nullopt : dispatch::Receivers(*count));
    });
}

void AgentTransport::send(const protocol::Run& run, runtime::Callback<dispatch::Receivers> done) {
    send_entry(run.agent, signer_.sign(protocol::EntryKind::run, encode(run)), std::move(done));
}

void AgentTransport::send(const protocol::Cancel& cancel) {
    send_entry(cancel.agent, signer_.sign(protocol::EntryKind::cancel, encode(cancel)),
               [](dispatch::Receivers) {});
}

// An ack that is lost is asked for again by the host's next try, so it needs no copy in the stream.
void AgentTransport::send(const protocol::Ack& ack) {
    const auto entry = signer_.sign(protocol::EntryKind::ack, encode(ack));
    commands_->send({"PUBLISH", command_channel(ack.agent), protocol::to_channel_message(entry)},
                    {});
}

void AgentTransport::send(const protocol::Fetch& fetch) {
    const auto entry = signer_.sign(protocol::EntryKind::fetch, encode(fetch));
    commands_->send({"PUBLISH", command_channel(fetch.agent), protocol::to_channel_message(entry)},
                    {});
}

void AgentTransport::announce_output(const protocol::CommandId& id) {
    commands_->send({"PUBLISH", output_channel, id.text()}, {});
}

void AgentTransport::announce_end(const protocol::CommandId& id) {
    commands_->send({"PUBLISH", ended_channel, id.text()}, {});
}

void AgentTransport::take_permit(const protocol::AgentId& agent, const dispatch::RateLimit& limit,
                                 runtime::Callback<std::optional<std::int64_t>> done) {
    // A Redis that hangs must not hold up what the database could take in.
    struct Question {
        asio::steady_timer patience;
        runtime::Callback<std::optional<std::int64_t>> done;
        void answer(std::optional<std::int64_t> wait_ms) {
            if (auto then = std::exchange(done, nullptr)) then(wait_ms);
        }
    };
    auto question =
        std::make_shared<Question>(asio::steady_timer(executor_, permit_patience), std::move(done));
    question->patience.async_wait([question](const boost::system::error_code& failed) {
        if (!failed) question->answer(std::nullopt);
    });
    commands_->send(
        take_permit_command(agent, limit), [this, question](const redis::Answer& answer) {
            const auto* refused = answer ? answer->if_error() : nullptr;
            if (refused != nullptr && !std::exchange(rate_refused_, true)) {
                log::warning(
                    "Redis will not keep the rate limit that servers share, so each server "
                    "counts by itself; its user needs +eval",
                    {{"error", refused->message}});
            }
            question->patience.cancel();
            question->answer(permit_from(answer));
        });
}

void AgentTransport::send_original(const protocol::AgentId& agent,
                                   const protocol::original::Command& command,
                                   runtime::Callback<dispatch::Receivers> done) {
    commands_->send({"PUBLISH", command_channel(agent), protocol::original::encode(command)},
                    [done = std::move(done)](redis::Answer answer) mutable {
                        const auto* count = answer ? answer->if_integer() : nullptr;
                        done(count == nullptr ? std::nullopt : dispatch::Receivers(*count));
                    });
}

// Results
// ------------------------------------------------------------------------------------------

asio::awaitable<void> AgentTransport::pause(milliseconds time) {
    asio::steady_timer timer(co_await asio::this_coro::executor, time);
    co_await timer.async_wait(asio::use_awaitable);
}

asio::awaitable<void> AgentTransport::read_results() {
    // What an earlier life of this consumer read and did not settle comes first, then the new. What
    // cannot be settled now is tried again beside the new and never holds it up.
    bool was_connected = false;
    std::int64_t backlog_at = 0;
    std::int64_t claim_at = 0;
    for (;;) {
        if (!results_->connected()) {
            was_connected = false;
            co_await pause(connection_poll);
            continue;
        }
        const auto now = clock_.steady_ms();
        if (!was_connected) unsettled_ = true;
        was_connected = true;
        if (now >= claim_at) {
            co_await claim_abandoned();
            claim_at = now + claim_interval_ms;
        }
        if (unsettled_ && now >= backlog_at) {
            co_await read_backlog();
            backlog_at = clock_.steady_ms() + retry_pause.count();
        }
        co_await read_batch(">", unsettled_ ? retry_pause : longest_wait);
    }
}

asio::awaitable<void> AgentTransport::read_backlog() {
    unsettled_ = false;
    std::string last = "0";
    while (auto next = co_await read_batch(last, {}))
        last = *std::move(next);
}

// The id of the last entry read; nothing when there was none. `wait` zero: only what is there.
asio::awaitable<std::optional<std::string>> AgentTransport::read_batch(std::string from_id,
                                                                       milliseconds wait) {
    Command read{"XREADGROUP", "GROUP", results_group, settings_.consumer, "COUNT", batch_size};
    if (wait.count() > 0) {
        read.push_back("BLOCK");
        read.push_back(std::to_string(wait.count()));
    }
    read.push_back("STREAMS");
    read.push_back(results_stream);
    read.push_back(std::move(from_id));
    const auto answer = co_await results_->execute(std::move(read));
    if (!answer) co_return std::nullopt;
    if (const auto* error = answer->if_error()) {
        // NOGROUP: first start, or somebody flushed Redis; UNBLOCKED: the same, while we waited.
        // What the hosts still hold they will send again.
        if (error->message.starts_with("NOGROUP") || error->message.starts_with("UNBLOCKED")) {
            co_await results_->execute(
                {"XGROUP", "CREATE", results_stream, results_group, "0", "MKSTREAM"});
        } else {
            log::error("results cannot be read", {{"error", error->message}});
            co_await pause(retry_pause);
        }
        co_return std::nullopt;
    }
    auto entries = redis::parse_read_answer(*answer);
    if (entries.empty()) co_return std::nullopt;
    auto last = entries.back().id;
    co_await handle(std::move(entries));
    co_return last;
}

// Handles one batch and leaves when all of it is settled: the next read then overlaps nothing, and
// the commits of one batch fall into one group of the store.
asio::awaitable<void> AgentTransport::handle(std::vector<redis::StreamEntry> entries) {
    struct Batch {
        std::size_t left;
        Command ack{"XACK", results_stream, results_group};
        Command remove{"XDEL", results_stream};
        bool failed = false;
        runtime::Callback<bool> all_done;
    };
    auto batch = std::make_shared<Batch>(Batch{.left = entries.size()});
    const auto settle = [batch](const std::string& id, bool settled) {
        if (settled) {
            batch->ack.push_back(id);
            batch->remove.push_back(id);
        } else {
            batch->failed = true;
        }
        if (--batch->left == 0 && batch->all_done) batch->all_done(true);
    };
    co_await runtime::await_callback<bool>([&](runtime::Callback<bool> done) {
        batch->all_done = std::move(done);
        for (const auto& item : entries) {
            const auto entry = protocol::entry_from_stream_fields(item.fields);
            if (!entry) {
                log::warning("an ill-formed entry in the results stream was dropped",
                             {{"id", item.id}, {"reason", entry.error()}});
                settle(item.id, true);
                continue;
            }
            router_->on_result(*entry, [settle, id = item.id](bool ok) { settle(id, ok); });
        }
    });
    if (batch->failed) unsettled_ = true;
    if (batch->ack.size() > 3) {
        std::vector<Command> both;
        both.push_back(std::move(batch->ack));
        both.push_back(std::move(batch->remove));
        // On the reading connection: they are then done before its next read.
        results_->send_all(std::move(both), {});
    }
}

asio::awaitable<void> AgentTransport::claim_abandoned() {
    // Entries that a server read and never settled, because it died; the next read of "0" handles
    // them.
    const auto answer =
        co_await results_->execute({"XAUTOCLAIM", results_stream, results_group, settings_.consumer,
                                    abandoned_after_ms, "0", "COUNT", batch_size});
    const auto* parts = answer ? answer->if_array() : nullptr;
    if (parts == nullptr || parts->size() < 2) co_return;
    auto entries = redis::parse_entries((*parts)[1]);
    if (!entries.empty()) co_await handle(std::move(entries));
}

// Presence
// -----------------------------------------------------------------------------------------

asio::awaitable<void> AgentTransport::watch_presence() {
    for (;;) {
        co_await pause(settings_.presence_interval);
        if (commands_->connected()) co_await ask_presence();
    }
}

asio::awaitable<void> AgentTransport::ask_presence() {
    const auto ids = directory_.ids();
    for (std::size_t begin = 0; begin < ids.size(); begin += channels_per_question) {
        Command question{"PUBSUB", "NUMSUB"};
        for (std::size_t i = begin; i < std::min(ids.size(), begin + channels_per_question); ++i) {
            question.push_back(command_channel(ids[i]));
        }
        const auto answer = co_await commands_->execute(std::move(question));
        const auto* list = answer ? answer->if_array() : nullptr;
        if (list == nullptr) co_return;
        const auto now = clock_.wall_ms();
        for (std::size_t i = 0; i + 1 < list->size(); i += 2) {
            const auto* count = (*list)[i + 1].if_integer();
            if (count != nullptr && begin + i / 2 < ids.size()) {
                directory_.on_subscribers(ids[begin + i / 2], *count, now);
            }
        }
    }
}

asio::awaitable<void> AgentTransport::watch_registry() {
    for (;;) {
        co_await pause(settings_.registry_interval);
        if (commands_->connected()) co_await read_registry();
    }
}

// Only for agents of the original: ours speak for themselves by signed hellos.
asio::awaitable<void> AgentTransport::read_registry() {
    std::string cursor = "0";
    do {
        const auto page = co_await commands_->execute(
            {"SCAN", cursor, "MATCH", registry_prefix + "*", "COUNT", "1000"});
        const auto* parts = page ? page->if_array() : nullptr;
        if (parts == nullptr || parts->size() != 2) co_return;
        const auto* next = (*parts)[0].if_text();
        const auto* keys = (*parts)[1].if_array();
        if (next == nullptr || keys == nullptr) co_return;
        cursor = *next;

        std::vector<protocol::AgentId> ids;
        std::vector<Command> questions;
        for (const auto& key : *keys) {
            const auto* name = key.if_text();
            if (name == nullptr) continue;
            const auto id =
                protocol::AgentId::parse(std::string_view(*name).substr(registry_prefix.size()));
            if (!id || directory_.key(*id) != nullptr) continue;
            ids.push_back(*id);
            questions.push_back({"HGETALL", *name});
        }
        if (ids.empty()) continue;
        const auto hashes = co_await commands_->execute_all(std::move(questions));
        if (!hashes) co_return;
        const auto now = clock_.wall_ms();
        for (std::size_t i = 0; i < ids.size() && i < hashes->size(); ++i) {
            const auto hash = to_hash((*hashes)[i]);
            if (!hash.empty()) directory_.on_registry_hash(ids[i], hash, now);
        }
    } while (cursor != "0");
}

}  // namespace cockpit::transport
