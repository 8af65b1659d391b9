#include "protocol/original.hpp"

#include <boost/json.hpp>

namespace cockpit::protocol::original {
namespace json = boost::json;
namespace {

std::expected<json::object, std::string> parse_object(std::string_view message) {
    boost::system::error_code failed;
    auto parsed = json::parse(message, failed);
    if (failed) return std::unexpected("the message is not JSON: " + failed.message());
    if (!parsed.is_object()) return std::unexpected("the message is not a JSON object");
    return std::move(parsed.get_object());
}

std::optional<std::string> text(const json::object& object, std::string_view name) {
    const auto* value = object.if_contains(name);
    if (value == nullptr || !value->is_string()) return std::nullopt;
    return std::string(value->get_string());
}

// The original's clock is Python's time.time(): an integer in its documents, a float in some of its
// code.
std::int64_t whole_number(const json::object& object, std::string_view name) {
    const auto* value = object.if_contains(name);
    if (value == nullptr) return 0;
    if (value->is_int64()) return value->get_int64();
    if (value->is_double() && std::abs(value->get_double()) < 1e15) {
        return static_cast<std::int64_t>(value->get_double());
    }
    return 0;
}

}  // namespace

std::string encode(const Command& message) {
    return json::serialize(json::object{{"command_id", message.command_id},
                                        {"command", message.command},
                                        {"params", message.params},
                                        {"timestamp", message.timestamp_s},
                                        {"sender", message.sender}});
}

std::expected<Command, std::string> decode_command(std::string_view message) {
    const auto object = parse_object(message);
    if (!object) return std::unexpected(object.error());
    const auto id = text(*object, "command_id");
    if (!id || id->empty() || id->size() > 64) {
        return std::unexpected("field 'command_id' must be text of 1 to 64 characters");
    }
    const auto name = text(*object, "command");
    if (!name) return std::unexpected("field 'command' must be text");
    Command command{.command_id = *id,
                    .command = *name,
                    .timestamp_s = whole_number(*object, "timestamp"),
                    .sender = text(*object, "sender").value_or("")};
    if (const auto* params = object->if_contains("params");
        params != nullptr && !params->is_null()) {
        if (!params->is_object()) return std::unexpected("field 'params' must be an object");
        command.params = params->get_object();
    }
    return command;
}

std::string encode(const Response& message) {
    return json::serialize(
        json::object{{"command_id", message.command_id},
                     {"status", message.status},
                     {"output", message.output},
                     {"error", message.error ? json::value(*message.error) : json::value(nullptr)},
                     {"execution_time_ms", message.execution_time_ms},
                     {"timestamp", message.timestamp_s}});
}

std::expected<Response, std::string> decode_response(std::string_view message) {
    const auto object = parse_object(message);
    if (!object) return std::unexpected(object.error());
    const auto id = text(*object, "command_id");
    const auto status = text(*object, "status");
    if (!id) return std::unexpected("field 'command_id' must be text");
    if (status != "success" && status != "error" && status != "timeout") {
        return std::unexpected("field 'status' must be success, error or timeout");
    }
    return Response{.command_id = *id,
                    .status = *status,
                    .output = text(*object, "output").value_or(""),
                    .error = text(*object, "error"),
                    .execution_time_ms = whole_number(*object, "execution_time_ms"),
                    .timestamp_s = whole_number(*object, "timestamp")};
}

std::string_view status_word(CommandState state) {
    if (state == CommandState::success) return "success";
    if (state == CommandState::timeout) return "timeout";
    return "error";
}

}  // namespace cockpit::protocol::original
