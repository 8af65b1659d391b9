#include "protocol/messages.hpp"

#include <boost/json.hpp>
#include <limits>
#include <stdexcept>

#include "protocol/json_fields.hpp"

namespace cockpit::protocol {
namespace json = boost::json;
namespace {

// What every body has: whom it is about.
class Fields : public JsonFields {
  public:
    using JsonFields::JsonFields;

    AgentId agent() const {
        auto id = AgentId::parse(text("agent_id"));
        if (!id) throw std::invalid_argument(id.error());
        return *std::move(id);
    }
    AttemptId attempt() const {
        auto id = CommandId::parse(text("command_id"));
        if (!id) throw std::invalid_argument(id.error());
        const auto number = integer("attempt");
        if (number < 1 || number > 1'000'000) wrong("attempt", "a small positive integer");
        return {*std::move(id), static_cast<int>(number)};
    }
    std::int64_t offset(std::string_view name) const {
        const auto number = integer(name);
        if (number < 0) wrong(name, "an integer of at least 0");
        return number;
    }
};

template <typename T, typename Read>
Decoded<T> decode(std::string_view body, Read read) {
    boost::system::error_code failed;
    const auto parsed = json::parse(body, failed);
    if (failed) return std::unexpected("the body is not JSON: " + failed.message());
    const auto* object = parsed.if_object();
    if (object == nullptr) return std::unexpected("the body is not a JSON object");
    try {
        return read(Fields(*object));
    } catch (const std::invalid_argument& sentence) {
        return std::unexpected(sentence.what());
    }
}

json::object addressed(const AgentId& agent, const AttemptId& attempt) {
    return {{"agent_id", agent.text()},
            {"command_id", attempt.command.text()},
            {"attempt", attempt.attempt}};
}

template <typename T>
std::string encode_milestone(const T& body) {
    auto object = addressed(body.agent, body.attempt);
    object["at_ms"] = body.at_ms;
    return json::serialize(object);
}

template <typename T>
Decoded<T> decode_milestone(std::string_view body) {
    return decode<T>(body, [](const Fields& fields) {
        return T{fields.agent(), fields.attempt(), fields.integer("at_ms")};
    });
}

std::optional<int> optional_int32(const Fields& fields, std::string_view name) {
    const auto number = fields.optional_integer(name);
    using Limits = std::numeric_limits<int>;
    if (number && (*number < Limits::min() || *number > Limits::max())) {
        Fields::wrong(name, "an integer of 32 bits");
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
    return decode<Run>(body, [](const Fields& fields) {
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
    return decode<Cancel>(body, [](const Fields& fields) {
        return Cancel{fields.agent(), fields.attempt(), fields.integer("issued_at_ms"),
                      fields.integer("expires_at_ms")};
    });
}

std::string encode(const Fetch& body) {
    auto object = addressed(body.agent, body.attempt);
    object["fetch_id"] = body.fetch_id;
    object["offset"] = body.offset;
    object["length"] = body.length;
    object["issued_at_ms"] = body.issued_at_ms;
    object["expires_at_ms"] = body.expires_at_ms;
    return json::serialize(object);
}

Decoded<Fetch> decode_fetch(std::string_view body) {
    return decode<Fetch>(body, [](const Fields& fields) {
        Fetch fetch{fields.agent(),
                    fields.attempt(),
                    fields.text("fetch_id"),
                    fields.offset("offset"),
                    fields.offset("length"),
                    fields.integer("issued_at_ms"),
                    fields.integer("expires_at_ms")};
        if (fetch.fetch_id.empty() || fetch.fetch_id.size() > 64) {
            Fields::wrong("fetch_id", "text of 1 to 64 characters");
        }
        if (fetch.length > max_output_bytes) Fields::wrong("length", "at most 65536");
        return fetch;
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
    return decode<Ack>(body, [](const Fields& fields) {
        return Ack{fields.agent(),
                   fields.absent("command_id") ? std::nullopt : std::optional(fields.attempt()),
                   fields.boolean("accepted"),
                   fields.text("detail"),
                   fields.integer("issued_at_ms"),
                   fields.absent("output_next") ? std::nullopt
                                                : std::optional(fields.offset("output_next"))};
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
    return decode<Hello>(body, [](const Fields& fields) {
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
            if (!value.is_string()) Fields::wrong("labels", "an object of texts");
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

std::string encode(const Output& body) {
    auto object = addressed(body.agent, body.attempt);
    object["offset"] = body.offset;
    object["data"] = body.data;
    if (body.missing_before > 0) object["missing_before"] = body.missing_before;
    object["at_ms"] = body.at_ms;
    if (body.fetch_id) object["fetch_id"] = *body.fetch_id;
    if (body.problem) object["problem"] = *body.problem;
    return json::serialize(object);
}

Decoded<Output> decode_output(std::string_view body) {
    return decode<Output>(body, [](const Fields& fields) {
        Output output{
            .agent = fields.agent(),
            .attempt = fields.attempt(),
            .offset = fields.offset("offset"),
            .data = fields.text("data"),
            .missing_before = fields.absent("missing_before") ? 0 : fields.offset("missing_before"),
            .at_ms = fields.integer("at_ms"),
            .fetch_id = fields.optional_text("fetch_id"),
            .problem = fields.optional_text("problem")};
        if (output.missing_before > output.offset) {
            Fields::wrong("missing_before", "at most the offset");
        }
        return output;
    });
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
    return decode<Finished>(body, [](const Fields& fields) {
        const auto state = parse_command_state(fields.text("state"));
        if (!state || !is_final(*state)) Fields::wrong("state", "a final state");
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
                                            : std::optional(fields.offset("output_bytes")),
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
    return decode<Refused>(body, [](const Fields& fields) {
        const auto word = fields.text("cause");
        const auto* cause = std::ranges::find(causes, word, &decltype(causes)::value_type::second);
        if (cause == causes.end()) Fields::wrong("cause", "policy, expired or arrived_late");
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
