#include "protocol/messages.hpp"

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <functional>
#include <set>

namespace cockpit::protocol {
namespace {

namespace json = boost::json;
using namespace std::string_literals;

const AgentId agent = *AgentId::parse("web-1");
const AttemptId attempt{*CommandId::parse("9b2f6c1e-6f0a-4b62-9d2e-0d6a2f1f3c55"), 2};

const Run run{agent, attempt, "git_pull", {{"branch", "mäin"}, {"n", nullptr}}, 1, 2, 3, "admin"};
const Cancel cancel{agent, attempt, 1, 2};
const Ack news_ack{agent, attempt, true, "", 5};
const Ack hello_ack{agent, std::nullopt, false, "the key has changed", 5};
const Hello hello{agent,
                  "cHVi",
                  "host",
                  "0.1",
                  original_commands(),
                  {{"role", "web"}, {"zone", ""}},
                  "Linux",
                  "x86_64",
                  1,
                  2,
                  30,
                  4,
                  5,
                  true,
                  JoinProof{"id", "bWFj"}};
const Received received{agent, attempt, 7};
const Started started{agent, attempt, 8};
const Finished finished{agent, attempt, CommandState::error, "out\n\"", "exit code 1", 12, 1, 9};
const Refused refused{agent, attempt, "not in the list", 9};

// One kind of body: an example in which every field is set, and its decoder without its type.
struct Kind {
    std::string name;
    std::string example;
    std::set<std::string> optional;
    /// What decoding and encoding again gives, or the error.
    std::function<std::expected<std::string, std::string>(std::string_view)> again;
};

template <typename T>
Kind kind(std::string name, const T& body, Decoded<T> (*decode)(std::string_view),
          std::set<std::string> optional = {}) {
    return {std::move(name), encode(body), std::move(optional),
            [decode](std::string_view text) -> std::expected<std::string, std::string> {
                auto decoded = decode(text);
                if (!decoded) return std::unexpected(decoded.error());
                return encode(*decoded);
            }};
}

std::vector<Kind> kinds() {
    return {kind("run", run, decode_run, {"timeout_ms"}),
            kind("cancel", cancel, decode_cancel),
            kind("ack of news", news_ack, decode_ack, {"command_id"}),
            kind("ack of a hello", hello_ack, decode_ack),
            kind("hello", hello, decode_hello, {"join"}),
            kind("received", received, decode_received),
            kind("started", started, decode_started),
            kind("finished", finished, decode_finished, {"error", "exit_code"}),
            kind("refused", refused, decode_refused)};
}

TEST(Messages, come_back_as_they_went) {
    for (const auto& one : kinds())
        EXPECT_EQ(one.again(one.example), one.example) << one.name;
}

TEST(Messages, keep_what_they_say) {
    const auto decoded = decode_run(encode(run));
    ASSERT_TRUE(decoded) << decoded.error();
    EXPECT_EQ(decoded->agent, agent);
    EXPECT_EQ(decoded->attempt, attempt);
    EXPECT_EQ(decoded->command, "git_pull");
    EXPECT_EQ(decoded->params, run.params);
    EXPECT_EQ(decoded->issued_at_ms, 1);
    EXPECT_EQ(decoded->expires_at_ms, 2);
    EXPECT_EQ(decoded->timeout_ms, 3);
    EXPECT_EQ(decoded->sender, "admin");

    const auto ended = decode_finished(encode(finished));
    ASSERT_TRUE(ended) << ended.error();
    EXPECT_EQ(ended->state, CommandState::error);
    EXPECT_EQ(ended->output, "out\n\"");
    EXPECT_EQ(ended->error, "exit code 1");
    EXPECT_EQ(ended->execution_time_ms, 12);
    EXPECT_EQ(ended->exit_code, 1);
    EXPECT_EQ(ended->at_ms, 9);

    const auto met = decode_hello(encode(hello));
    ASSERT_TRUE(met) << met.error();
    EXPECT_EQ(met->labels, hello.labels);
    EXPECT_EQ(met->commands.size(), 3U);
    EXPECT_EQ(met->at_ms, 2);
    EXPECT_EQ(met->heartbeat_s, 30);
    EXPECT_EQ(met->commands_executed, 4);
    EXPECT_EQ(met->running, 5);
    EXPECT_TRUE(met->leaving);
    ASSERT_TRUE(met->join);
    EXPECT_EQ(met->join->mac, "bWFj");
}

TEST(Messages, optional_fields_may_be_absent_or_null) {
    for (const auto& one : kinds()) {
        const auto whole = json::parse(one.example).as_object();
        for (const auto& name : one.optional) {
            ASSERT_TRUE(whole.contains(name)) << one.name << " " << name;
            auto without = whole;
            without.erase(name);
            EXPECT_TRUE(one.again(json::serialize(without))) << one.name << " " << name;
            auto null = whole;
            null[name] = nullptr;
            EXPECT_TRUE(one.again(json::serialize(null))) << one.name << " " << name;
        }
    }
}

TEST(Messages, each_missing_or_wrong_field_is_refused_by_name) {
    for (const auto& one : kinds()) {
        const auto whole = json::parse(one.example).as_object();
        const auto expect_refused = [&](const json::object& object, std::string_view name) {
            const auto result = one.again(json::serialize(object));
            ASSERT_FALSE(result) << one.name << " without " << name;
            EXPECT_TRUE(result.error().starts_with("field '" + std::string(name) + "' must be "))
                << one.name << ": " << result.error();
        };
        for (const auto& [name, value] : whole) {
            // An ack without command_id is one of a hello: whether it has an attempt is not looked
            // at.
            if (!one.optional.contains(name)) {
                auto without = whole;
                without.erase(name);
                expect_refused(without, name);
            }
            auto wrong = whole;
            // A list of commands keeps what can be read of it.
            wrong[name] = name == "commands" ? json::value(1.5) : json::value(json::array{1.5});
            expect_refused(wrong, name);
        }
    }
}

TEST(Messages, refuse_wrong_ids_attempts_and_states) {
    const auto changed = [](std::string_view name, const json::value& value) {
        auto object = json::parse(encode(finished)).as_object();
        object[name] = value;
        const auto decoded = decode_finished(json::serialize(object));
        return decoded ? "decoded" : decoded.error();
    };
    EXPECT_TRUE(changed("agent_id", "*").starts_with("an agent id has 1 to 255 letters"));
    EXPECT_TRUE(changed("command_id", "1").starts_with("a command id is a UUID in lower case"));
    for (const std::int64_t number : {0L, -1L, 1'000'001L, 1L << 40}) {
        EXPECT_EQ(changed("attempt", number), "field 'attempt' must be a small positive integer");
    }
    EXPECT_EQ(changed("attempt", 1'000'000), "decoded");
    for (const auto* state : {"pending", "delivered", "running", "done", ""}) {
        EXPECT_EQ(changed("state", state), "field 'state' must be a final state");
    }
    EXPECT_EQ(changed("at_ms", 1.0), "field 'at_ms' must be an integer");
    EXPECT_EQ(changed("at_ms", 18446744073709551615ULL), "field 'at_ms' must be an integer");
    EXPECT_EQ(changed("exit_code", 1L << 32), "field 'exit_code' must be an integer of 32 bits");
    EXPECT_EQ(changed("exit_code", -2147483648LL), "decoded");
}

TEST(Messages, refuse_wrong_parts_of_a_hello) {
    const auto changed = [](std::string_view name, const json::value& value) {
        auto object = json::parse(encode(hello)).as_object();
        object[name] = value;
        const auto decoded = decode_hello(json::serialize(object));
        return decoded ? "decoded" : decoded.error();
    };
    EXPECT_EQ(changed("commands", 1), "field 'commands' must be a list");
    EXPECT_EQ(changed("labels", {{"a", 1}}), "field 'labels' must be an object of texts");
    EXPECT_EQ(changed("join", {{"mac", "m"}}), "field 'token_id' must be text");
    EXPECT_EQ(changed("join", {{"token_id", "t"}}), "field 'mac' must be text");
}

TEST(Messages, a_hello_with_a_command_that_cannot_be_read_keeps_the_others) {
    auto object = json::parse(encode(hello)).as_object();
    auto& commands = object["commands"].as_array();
    commands.insert(commands.begin(), {1, json::object{}});
    auto& pattern = commands[2].as_object()["parameters"].as_array()[0].as_object()["pattern"];
    pattern = "(a";
    const auto decoded = decode_hello(json::serialize(object));
    ASSERT_TRUE(decoded) << decoded.error();
    ASSERT_EQ(decoded->commands.size(), 2U);
    EXPECT_EQ(decoded->commands[0].name, "git_pull");
}

TEST(Messages, refuse_what_is_no_json_object) {
    for (const auto& one : kinds()) {
        for (const auto* text : {"[]", "1", "null", "\"run\""}) {
            EXPECT_EQ(one.again(text).error(), "the body is not a JSON object") << one.name;
        }
        for (const std::string text : {"", "{", "{} x", "{\"a\":\"\xff\"}", "nonsense"}) {
            EXPECT_TRUE(one.again(text).error().starts_with("the body is not JSON: ")) << text;
        }
        for (std::size_t cut = 0; cut < one.example.size(); ++cut) {
            EXPECT_FALSE(one.again(std::string_view(one.example).substr(0, cut))) << one.name;
        }
    }
}

TEST(Messages, nesting_has_a_limit) {
    const auto deep = R"({"params":)" + std::string(100'000, '[') + std::string(100'000, ']') + "}";
    EXPECT_TRUE(decode_run(deep).error().starts_with("the body is not JSON: "));
}

TEST(JoinProof, is_bound_to_the_agent_and_its_key) {
    EXPECT_EQ(join_proof_input(agent, "a2V5"), "cockpit/1 join\0web-1\0a2V5"s);
}

}  // namespace
}  // namespace cockpit::protocol
