#include "server/transport/news_router.hpp"

#include "crypto/keys.hpp"
#include "log/log.hpp"
#include "server/transport/redis_names.hpp"

namespace cockpit::transport {
using protocol::EntryKind;
namespace {

// Somebody who writes junk into Redis must not be able to fill the log with it.
constexpr std::int64_t log_pause_ms = 1'000;

}  // namespace

NewsRouter::NewsRouter(const runtime::Clock& clock, const dispatch::AgentDirectory& directory,
                       dispatch::Admission& admission, dispatch::Dispatcher& dispatcher,
                       dispatch::OutputLog& output)
    : clock_(clock),
      directory_(directory),
      admission_(admission),
      dispatcher_(dispatcher),
      output_(output) {}

bool NewsRouter::verifies(const protocol::Entry& entry, const std::string& public_key) const {
    const auto key = crypto::PublicKey::from_base64(public_key);
    return key && key->verifies(protocol::signing_input(entry.kind, entry.body), entry.signature);
}

void NewsRouter::reject(std::string_view from, std::string_view why) {
    ++rejected_;
    const auto now = clock_.steady_ms();
    if (logged_ms_ != 0 && now - logged_ms_ < log_pause_ms) return;
    logged_ms_ = now;
    log::warning("an entry from the wire was rejected",
                 {{"claims_to_be_from", from}, {"reason", why}, {"rejected_so_far", rejected_}});
}

template <typename Body>
std::optional<Body> NewsRouter::verified(const protocol::Entry& entry,
                                         protocol::Decoded<Body> body) {
    if (!body) {
        reject("", body.error());
        return std::nullopt;
    }
    const auto* key = directory_.key(body->agent);
    if (key == nullptr || !verifies(entry, *key)) {
        reject(body->agent.text(), key == nullptr ? "this host is not known here"
                                                  : "the signature is not that of the host's key");
        return std::nullopt;
    }
    return *std::move(body);
}

template <typename Body>
void NewsRouter::deliver(const protocol::Entry& entry, protocol::Decoded<Body> body,
                         void (dispatch::Dispatcher::*handle)(const Body&, runtime::Callback<bool>),
                         runtime::Callback<bool> settled) {
    const auto news = verified(entry, std::move(body));
    if (!news) return settled(true);
    (dispatcher_.*handle)(*news, std::move(settled));
}

void NewsRouter::on_hello(const protocol::Entry& entry, bool answer,
                          runtime::Callback<bool> settled) {
    const auto hello = protocol::decode_hello(entry.body);
    if (!hello) {
        reject("", hello.error());
        return settled(true);
    }
    if (!verifies(entry, hello->public_key)) {
        reject(hello->agent.text(), "the hello is not signed by the key it carries");
        return settled(true);
    }
    admission_.on_hello(*hello, answer, std::move(settled));
}

void NewsRouter::on_result(const protocol::Entry& entry, runtime::Callback<bool> settled) {
    using dispatch::Dispatcher;
    switch (entry.kind) {
        case EntryKind::hello:
            return on_hello(entry, true, std::move(settled));
        case EntryKind::received:
            return deliver(entry, protocol::decode_received(entry.body), &Dispatcher::on_received,
                           std::move(settled));
        case EntryKind::started:
            return deliver(entry, protocol::decode_started(entry.body), &Dispatcher::on_started,
                           std::move(settled));
        case EntryKind::output: {
            const auto news = verified(entry, protocol::decode_output(entry.body));
            if (!news) return settled(true);
            return output_.on_output(*news, std::move(settled));
        }
        case EntryKind::finished:
            return deliver(entry, protocol::decode_finished(entry.body), &Dispatcher::on_finished,
                           std::move(settled));
        case EntryKind::refused:
            return deliver(entry, protocol::decode_refused(entry.body), &Dispatcher::on_refused,
                           std::move(settled));
        default:
            reject("", "hosts do not send entries of this kind");
            settled(true);
    }
}

void NewsRouter::on_heartbeat(std::string_view message) {
    const auto entry = protocol::entry_from_channel_message(message);
    if (!entry) return reject("", entry.error());
    if (entry->kind != EntryKind::hello) return reject("", "a heartbeat must be a hello");
    on_hello(*entry, false, [](bool) {});
}

void NewsRouter::on_original_response(std::string_view agent, std::string_view message) {
    const auto id = protocol::AgentId::parse(agent);
    if (!id) return reject(agent, id.error());
    const auto response = protocol::original::decode_response(message);
    if (!response) return reject(agent, response.error());
    dispatcher_.on_original_response(*id, *response);
}

void NewsRouter::on_ended(std::string_view command_id) {
    const auto id = protocol::CommandId::parse(command_id);
    if (!id) return reject("", id.error());
    dispatcher_.on_ended_elsewhere(*id);
    output_.on_news(*id);
}

void NewsRouter::on_output_elsewhere(std::string_view command_id) {
    const auto id = protocol::CommandId::parse(command_id);
    if (!id) return reject("", id.error());
    output_.on_news(*id);
}

void NewsRouter::on_fetched(std::string_view message) {
    const auto entry = protocol::entry_from_channel_message(message);
    if (!entry) return reject("", entry.error());
    if (entry->kind != EntryKind::output) return reject("", "an answer to a fetch must be output");
    if (const auto answer = verified(*entry, protocol::decode_output(entry->body))) {
        output_.on_fetched(*answer);
    }
}

}  // namespace cockpit::transport
