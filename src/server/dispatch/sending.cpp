// Dispatcher: what goes to the hosts.

#include <algorithm>
#include <boost/json.hpp>

#include "log/log.hpp"
#include "server/dispatch/dispatcher.hpp"

namespace cockpit::dispatch {
namespace json = boost::json;
namespace {

// How long a host remembers a cancel whose command has not arrived: as long as the command could
// still come, within the seven days that hosts accept.
constexpr std::int64_t cancel_margin_ms = 3'600'000;
constexpr std::int64_t longest_cancel_ms = 7 * 24 * 3'600'000LL - 60'000;

json::object params_of(const CommandRecord& record) {
    boost::system::error_code failed;
    auto parsed = json::parse(record.params, failed);
    return !failed && parsed.is_object() ? parsed.as_object() : json::object{};
}

}  // namespace

bool Dispatcher::is_original(const std::string& agent_id) const {
    const auto agent = protocol::AgentId::parse(agent_id);
    return agent && directory_.is_original(*agent);
}

void Dispatcher::send(Open& open) {
    const auto now = clock_.wall_ms();
    open.last_sent_ms = now;
    const auto agent = protocol::AgentId::parse(open.record.agent_id);
    if (!agent) return;
    const auto report = [id = open.record.command_id](Receivers receivers) {
        if (!receivers) log::warning("a command waits for Redis", {{"command_id", id}});
    };
    if (is_original(open.record.agent_id)) {
        link_.send_original(*agent,
                            {.command_id = open.record.command_id,
                             .command = open.record.command,
                             .params = params_of(open.record),
                             .timestamp_s = now / 1000,
                             .sender = "cockpit-backend"},
                            report);
        return;
    }
    link_.send(protocol::Run{.agent = *agent,
                             .attempt = attempt_of(open.record),
                             .command = open.record.command,
                             .params = params_of(open.record),
                             .issued_at_ms = now,
                             .expires_at_ms = open.record.expires_at_ms,
                             .timeout_ms = open.record.timeout_ms,
                             .sender = open.record.sent_by},
               report);
    if (open.record.cancel_requested_at_ms) send_cancel(open.record);
}

void Dispatcher::send_cancel(const CommandRecord& record) {
    const auto agent = protocol::AgentId::parse(record.agent_id);
    if (!agent) return;
    const auto now = clock_.wall_ms();
    link_.send(protocol::Cancel{
        .agent = *agent,
        .attempt = attempt_of(record),
        .issued_at_ms = now,
        .expires_at_ms = std::min(std::max(record.expires_at_ms, now) + cancel_margin_ms,
                                  now + longest_cancel_ms)});
}

void Dispatcher::cancel(protocol::CommandId id, std::string by,
                        runtime::Callback<std::expected<CommandRecord, CancelError>> done) {
    using Kind = CancelError::Kind;
    store_.find(id, [this, id, by = std::move(by), done = std::move(done)](auto found) mutable {
        const auto unavailable = [](const StoreError& error) {
            log::error("a cancel was not written", {{"error", error.message}});
            return std::unexpected(CancelError{
                Kind::store_unavailable, "the database is not available: nothing was changed", {}});
        };
        if (!found) return done(unavailable(found.error()));
        if (!*found) {
            return done(std::unexpected(
                CancelError{Kind::unknown_command, "no command has the id " + id.text(), {}}));
        }
        if (is_final((*found)->state)) {
            return done(std::unexpected(CancelError{
                Kind::already_ended,
                "the command has ended already: " + std::string(to_text((*found)->state)),
                **found}));
        }
        if ((*found)->dispatched && is_original((*found)->agent_id)) {
            return done(std::unexpected(CancelError{
                Kind::not_possible,
                "the host's agent speaks the original protocol, which cannot stop a command",
                **found}));
        }
        store_.request_cancel(id, std::move(by), clock_.wall_ms(),
                              [this, unavailable, done = std::move(done)](auto outcome) mutable {
                                  if (!outcome) return done(unavailable(outcome.error()));
                                  const auto& record = *outcome->record;
                                  settle_here(record, true);
                                  if (!is_final(record.state)) send_cancel(record);
                                  done(record);
                              });
    });
}

}  // namespace cockpit::dispatch
