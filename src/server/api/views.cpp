#include "server/api/views.hpp"

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value_from.hpp>
#include <chrono>
#include <cstdio>

#include "crypto/keys.hpp"
#include "protocol/text.hpp"

namespace cockpit::api {
namespace json = boost::json;
namespace {

template <typename T>
json::value or_null(const std::optional<T>& value) {
    if (!value) return nullptr;
    return json::value_from(*value);
}

json::value text_or_null(const std::optional<std::string>& text) {
    if (!text) return nullptr;
    return json::string(protocol::to_utf8(*text));
}

json::value seconds_or_null(std::int64_t unix_ms) {
    if (unix_ms == 0) return nullptr;
    return unix_ms / 1000;
}

json::value params_of(const std::string& text) {
    json::error_code failed;
    auto value = json::parse(text, failed);
    return failed ? json::value(json::object()) : value;
}

json::value fingerprint_or_null(const std::optional<std::string>& public_key) {
    if (!public_key) return nullptr;
    const auto key = crypto::PublicKey::from_base64(*public_key);
    return key ? json::value(json::string(key->id())) : json::value(nullptr);
}

}  // namespace

std::string iso_time(std::int64_t unix_ms) {
    using namespace std::chrono;
    const sys_time<milliseconds> time{milliseconds(unix_ms)};
    const auto day = floor<days>(time);
    const year_month_day date(day);
    const hh_mm_ss clock(time - day);
    char text[40];
    const int length = std::snprintf(
        text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ", static_cast<int>(date.year()),
        static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
        static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
        static_cast<int>(clock.seconds().count()), static_cast<int>(clock.subseconds().count()));
    return std::string(text, static_cast<std::size_t>(length));
}

json::value iso_time_or_null(std::optional<std::int64_t> unix_ms) {
    if (!unix_ms) return nullptr;
    return json::string(iso_time(*unix_ms));
}

json::object to_json(const dispatch::CommandRecord& record) {
    return {{"id", record.id},
            {"command_id", record.command_id},
            {"agent_id", record.agent_id},
            {"command", record.command},
            {"params", params_of(record.params)},
            {"status", protocol::to_text(record.state)},
            {"output", text_or_null(record.output)},
            {"error", text_or_null(record.error)},
            {"execution_time_ms", or_null(record.execution_time_ms)},
            {"exit_code", or_null(record.exit_code)},
            {"sent_at", iso_time(record.sent_at_ms)},
            {"delivered_at", iso_time_or_null(record.delivered_at_ms)},
            {"started_at", iso_time_or_null(record.started_at_ms)},
            {"completed_at", iso_time_or_null(record.completed_at_ms)},
            {"sent_by", record.sent_by},
            {"attempt", record.attempt},
            {"signal", or_null(record.signal)},
            {"cpu_ms", or_null(record.cpu_ms)},
            {"peak_memory_bytes", or_null(record.peak_memory_bytes)},
            {"containment", or_null(record.containment)},
            {"output_bytes", or_null(record.output_bytes)},
            {"output_sha256", or_null(record.output_sha256)},
            {"expires_at", iso_time_or_null(record.expires_at_ms)},
            {"next_attempt_at", iso_time_or_null(record.next_attempt_at_ms)},
            {"cancel_requested_at", iso_time_or_null(record.cancel_requested_at_ms)},
            {"cancel_requested_by", or_null(record.cancel_requested_by)}};
}

json::object to_json(const dispatch::AttemptRecord& attempt) {
    return {{"attempt", attempt.attempt},
            {"status", protocol::to_text(attempt.state)},
            {"output", text_or_null(attempt.output)},
            {"error", text_or_null(attempt.error)},
            {"execution_time_ms", or_null(attempt.execution_time_ms)},
            {"exit_code", or_null(attempt.exit_code)},
            {"delivered_at", iso_time_or_null(attempt.delivered_at_ms)},
            {"started_at", iso_time_or_null(attempt.started_at_ms)},
            {"completed_at", iso_time_or_null(attempt.completed_at_ms)},
            {"signal", or_null(attempt.signal)},
            {"cpu_ms", or_null(attempt.cpu_ms)},
            {"peak_memory_bytes", or_null(attempt.peak_memory_bytes)},
            {"containment", or_null(attempt.containment)},
            {"output_bytes", or_null(attempt.output_bytes)},
            {"output_sha256", or_null(attempt.output_sha256)}};
}

json::object to_json(const dispatch::AgentView& agent) {
    json::object labels;
    for (const auto& [name, value] : agent.labels)
        labels[name] = value;
    return {{"agent_id", agent.id.text()},
            {"status", dispatch::to_text(agent.presence)},
            {"evidence", agent.evidence},
            {"last_heartbeat", seconds_or_null(agent.last_heartbeat_ms)},
            {"version", agent.version},
            {"hostname", agent.hostname},
            {"capabilities", json::value_from(agent.capabilities)},
            {"started_at", seconds_or_null(agent.started_at_ms)},
            {"commands_executed", agent.commands_executed},
            {"running", agent.running},
            {"labels", std::move(labels)},
            {"os", agent.os},
            {"arch", agent.arch},
            {"protocol", agent.original_protocol ? "original" : "signed"},
            {"public_key_fingerprint", fingerprint_or_null(agent.public_key)},
            {"pending_public_key", or_null(agent.pending_public_key)},
            {"pending_public_key_fingerprint", fingerprint_or_null(agent.pending_public_key)}};
}

json::object to_json(const auth::UserRecord& user) {
    return {{"username", user.username},
            {"permissions", json::value_from(user.permissions)},
            {"must_change_password", user.must_change_password},
            {"disabled", user.disabled},
            {"created_at", iso_time(user.created_at_ms)}};
}

json::object to_json(const auth::Identity& identity) {
    return {{"username", identity.username},
            {"permissions", json::value_from(identity.permissions)},
            {"must_change_password", identity.must_change_password},
            {"token_name", identity.token_name},
            {"expires_at", iso_time(identity.expires_at_ms)}};
}

http::Response json_response(const json::value& value, int status) {
    return {.status = status, .body = json::serialize(value)};
}

}  // namespace cockpit::api
