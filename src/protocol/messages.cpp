#include "protocol/messages.hpp"

#include <boost/json.hpp>
#include <limits>
#include <stdexcept>

#include "protocol/body_fields.hpp"

namespace cockpit::protocol {
namespace json = boost::json;
namespace {

template <typename T>
std::string encode_milestone(const T& body) {
    auto object = addressed(body.agent, body.attempt);
    object["at_ms"] = body.at_ms;
    return json::serialize(object);
}

template <typename T>
Decoded<T> decode_milestone(std::string_view body) {
    return decode_fields<T>(body, [](const BodyFields& fields) {
        return T{fields.agent(), fields.attempt(), fields.integer("at_ms")};
    });
}

std::optional<int> optional_int32(const BodyFields& fields, std::string_view name) {
    const auto number = fields.optional_integer(name);
    using Limits = std::numeric_limits<int>;
    if (number && (*number < Limits::min() || *number > Limits::max())) {
        BodyFields::wrong(name, "an integer of 32 bits");
    }
    return number ? std::optional(static_cast<int>(*number)) : std::nullopt;
}

constexpr std::array causes{
    std::pair{Refused::Cause::policy, std::string_view("policy")},
    std::pair{Refused::Cause::expired, std::string_view("expired")},
    std::pair{Refused::Cause::arrived_late, std::string_view("arrived_late")},
};

}  // namespace

std::string encode(const Run& body) {
    auto object = addressed(body.agent, body.attempt);
    object["command"] = body.command;
    object["params"] = body.params;
    object["issued_at_ms"] = body.issued_at_ms;
    object["expires_at_ms"] = body.expires_at_ms;
    if (body.timeout_ms) object["timeout_ms"] = *body.timeout_ms;
    object["sender"] = body.sender;
    return json::serialize(object);
}

Decoded<Run> decode_run(std::string_view body) {
    return decode_fields<Run>(body, [](const BodyFields& fields) {
        return Run{fields.agent(),
                   fields.attempt(),
                   fields.text("command"),
                   fields.object("params"),
                   fields.integer("issued_at_ms"),
                   fields.integer("expires_at_ms"),
                   fields.optional_integer("timeout_ms"),
                   fields.text("sender")};
    });
}

std::string encode(const Cancel& body) {
    auto object = addressed(body.agent, body.attempt);
    object["issued_at_ms"] = body.issued_at_ms;
    object["expires_at_ms"] = body.expires_at_ms;
    return json::serialize(object);
}

Decoded<Cancel> decode_cancel(std::string_view body) {
    return decode_fields<Cancel>(body, [](const BodyFields& fields) {
        return Cancel{fields.agent(), fields.attempt(), fields.integer("issued_at_ms"),
                      fields.integer("expires_at_ms")};
    });
}

std::string encode(const Ack& body) {
    json::object object{{"agent_id", body.agent.text()},
                        {"accepted", body.accepted},
                        {"detail", body.detail},
                        {"issued_at_ms", body.issued_at_ms}};
    if (body.attempt) {
        object["command_id"] = body.attempt->command.text();
        object["attempt"] = body.attempt->attempt;
    }
    if (body.output_next) object["output_next"] = *body.output_next;
    return json::serialize(object);
}

Decoded<Ack> decode_ack(std::string_view body) {
    return decode_fields<Ack>(body, [](const BodyFields& fields) {
        return Ack{fields.agent(),
                   fields.absent("command_id") ? std::nullopt : std::optional(fields.attempt()),
                   fields.boolean("accepted"),
                   fields.text("detail"),
                   fields.integer("issued_at_ms"),
                   fields.absent("output_next") ? std::nullopt
                                                : std::optional(fields.byte_count("output_next"))};
    });
}

std::string encode(const Hello& body) {
    json::array commands;
    for (const auto& command : body.commands)
        commands.push_back(to_json(command));
    json::object labels;
    for (const auto& [name, value] : body.labels)
        labels[name] = value;
    json::object object{{"agent_id", body.agent.text()},
                        {"public_key", body.public_key},
                        {"hostname", body.hostname},
                        {"version", body.version},
                        {"commands", std::move(commands)},
                        {"labels", std::move(labels)},
                        {"os", body.os},
                        {"arch", body.arch},
                        {"started_at_ms", body.started_at_ms},
                        {"at_ms", body.at_ms},
                        {"heartbeat_s", body.heartbeat_s},
                        {"commands_executed", body.commands_executed},
                        {"running", body.running},
                        {"leaving", body.leaving}};
    if (body.join) {
        object["join"] = json::object{{"token_id", body.join->token_id}, {"mac", body.join->mac}};
    }
    return json::serialize(object);
}

Decoded<Hello> decode_hello(std::string_view body) {
    return decode_fields<Hello>(body, [](const BodyFields& fields) {
        Hello hello{.agent = fields.agent(),
                    .public_key = fields.text("public_key"),
                    .hostname = fields.text("hostname"),
                    .version = fields.text("version"),
                    .os = fields.text("os"),
                    .arch = fields.text("arch"),
                    .started_at_ms = fields.integer("started_at_ms"),
                    .at_ms = fields.integer("at_ms"),
                    .heartbeat_s = fields.integer("heartbeat_s"),
                    .commands_executed = fields.integer("commands_executed"),
                    .running = fields.integer("running"),
                    .leaving = fields.boolean("leaving")};
        hello.commands = command_schemas_from_json(fields.array("commands"));
        for (const auto& [name, value] : fields.object("labels")) {
            if (!value.is_string()) BodyFields::wrong("labels", "an object of texts");
            hello.labels.emplace(name, value.get_string());
        }
        if (!fields.absent("join")) {
            const JsonFields join(fields.object("join"));
            hello.join = JoinProof{join.text("token_id"), join.text("mac")};
        }
        return hello;
    });
}

std::string encode(const Received& body) {
    return encode_milestone(body);
}
Decoded<Received> decode_received(std::string_view body) {
    return decode_milestone<Received>(body);
}

std::string encode(const Started& body) {
    return encode_milestone(body);
}
Decoded<Started> decode_started(std::string_view body) {
    return decode_milestone<Started>(body);
}

std::string encode(const Finished& body) {
    auto object = addressed(body.agent, body.attempt);
    object["state"] = to_text(body.state);
    object["output"] = body.output;
    if (body.error) object["error"] = *body.error;
    object["execution_time_ms"] = body.execution_time_ms;
    if (body.exit_code) object["exit_code"] = *body.exit_code;
    object["at_ms"] = body.at_ms;
    if (body.signal) object["signal"] = *body.signal;
    if (body.cpu_ms) object["cpu_ms"] = *body.cpu_ms;
    if (body.peak_memory_bytes) object["peak_memory_bytes"] = *body.peak_memory_bytes;
    if (!body.containment.empty()) object["containment"] = body.containment;
    if (body.output_bytes) object["output_bytes"] = *body.output_bytes;
    if (!body.output_sha256.empty()) object["output_sha256"] = body.output_sha256;
    return json::serialize(object);
}

Decoded<Finished> decode_finished(std::string_view body) {
    return decode_fields<Finished>(body, [](const BodyFields& fields) {
        const auto state = parse_command_state(fields.text("state"));
        if (!state || !is_final(*state)) BodyFields::wrong("state", "a final state");
        return Finished{.agent = fields.agent(),
                        .attempt = fields.attempt(),
                        .state = *state,
                        .output = fields.text("output"),
                        .error = fields.optional_text("error"),
                        .execution_time_ms = fields.integer("execution_time_ms"),
                        .exit_code = optional_int32(fields, "exit_code"),
                        .at_ms = fields.integer("at_ms"),
                        .signal = optional_int32(fields, "signal"),
                        .cpu_ms = fields.optional_integer("cpu_ms"),
                        .peak_memory_bytes = fields.optional_integer("peak_memory_bytes"),
                        .containment = fields.optional_text("containment").value_or(""),
                        .output_bytes = fields.absent("output_bytes")
                                            ? std::nullopt
                                            : std::optional(fields.byte_count("output_bytes")),
                        .output_sha256 = fields.optional_text("output_sha256").value_or("")};
    });
}

std::string encode(const Refused& body) {
    auto object = addressed(body.agent, body.attempt);
    object["reason"] = body.reason;
    object["at_ms"] = body.at_ms;
    object["cause"] =
        std::ranges::find(causes, body.cause, &decltype(causes)::value_type::first)->second;
    return json::serialize(object);
}

Decoded<Refused> decode_refused(std::string_view body) {
    return decode_fields<Refused>(body, [](const BodyFields& fields) {
        const auto word = fields.text("cause");
        const auto* cause = std::ranges::find(causes, word, &decltype(causes)::value_type::second);
        if (cause == causes.end()) BodyFields::wrong("cause", "policy, expired or arrived_late");
        return Refused{fields.agent(), fields.attempt(), fields.text("reason"),
                       fields.integer("at_ms"), cause->first};
    });
}

std::string join_proof_input(const AgentId& agent, std::string_view public_key) {
    std::string input("cockpit/1 join");
    input += '\0';
    input += agent.text();
    input += '\0';
    input += public_key;
    return input;
}

}  // namespace cockpit::protocol
