#include "protocol/command_schema.hpp"

#include <gtest/gtest.h>

#include <boost/json.hpp>

namespace cockpit::protocol {
namespace {

namespace json = boost::json;

const CommandSchema schema{
    .name = "deploy",
    .description = "d",
    .parameters = {{.name = "target", .required = true, .max_length = 5},
                   {.name = "branch", .default_text = "main"},
                   {.name = "count", .type = ParameterSchema::Type::integer},
                   {.name = "force", .type = ParameterSchema::Type::boolean}},
    .timeout_ms = 5};

json::object parse(std::string_view text) {
    return json::parse(text).as_object();
}

std::string validated(std::string_view parameters) {
    const auto checked = validate_parameters(schema, parse(parameters));
    return checked ? json::serialize(*checked) : checked.error();
}

TEST(ValidateParameters, fills_in_defaults_and_drops_nulls) {
    EXPECT_EQ(validated(R"({"target":"a"})"), R"({"target":"a","branch":"main"})");
    EXPECT_EQ(validated(R"({"branch":null,"target":"a","count":null,"force":null})"),
              R"({"target":"a","branch":"main"})");
    EXPECT_EQ(validated(R"({"force":false,"count":-3,"branch":"","target":"12345"})"),
              R"({"target":"12345","branch":"","count":-3,"force":false})");
}

TEST(ValidateParameters, says_what_is_wrong_and_what_would_be_right) {
    struct Case {
        std::string_view parameters;
        std::string_view sentence;
    };
    const Case cases[] = {
        {R"({"target":"a","x":1})",
         "unknown parameter 'x' for command 'deploy': it takes target, branch, count, force"},
        {"{}", "parameter 'target' of command 'deploy' is missing: it is a required string"},
        {R"({"target":null})",
         "parameter 'target' of command 'deploy' is missing: it is a required string"},
        {R"({"target":1})", "parameter 'target' of command 'deploy' must be a string"},
        {R"({"target":["a"]})", "parameter 'target' of command 'deploy' must be a string"},
        {R"({"target":"a","count":"1"})",
         "parameter 'count' of command 'deploy' must be an integer"},
        {R"({"target":"a","count":1.0})",
         "parameter 'count' of command 'deploy' must be an integer"},
        {R"({"target":"a","force":"true"})",
         "parameter 'force' of command 'deploy' must be a boolean"},
        {R"({"target":"a","force":1})", "parameter 'force' of command 'deploy' must be a boolean"},
        {R"({"target":"123456"})", "parameter 'target' of command 'deploy' is longer than 5 bytes"},
        {R"({"target":"äää"})", "parameter 'target' of command 'deploy' is longer than 5 bytes"},
        {R"({"target":"a\u0000b"})",
         "parameter 'target' of command 'deploy' contains a NUL character, which no command can "
         "take"},
    };
    for (const auto& one : cases)
        EXPECT_EQ(validated(one.parameters), one.sentence);
}

TEST(ValidateParameters, a_command_without_parameters_takes_none) {
    const CommandSchema bare{.name = "ping"};
    EXPECT_EQ(validate_parameters(bare, {}), json::object{});
    EXPECT_EQ(validate_parameters(bare, parse(R"({"a":1})")).error(),
              "unknown parameter 'a' for command 'ping': it takes none");
}

const CommandSchema bounded{
    .name = "deploy",
    .parameters = {
        {.name = "id", .max_length = 8, .pattern = "[a-z]+"},
        {.name = "mode", .default_text = "fast", .values = {"fast", "safe"}},
        {.name = "count",
         .type = ParameterSchema::Type::integer,
         .default_text = "3",
         .minimum = 1,
         .maximum = 10},
        {.name = "low", .type = ParameterSchema::Type::integer, .minimum = -1},
        {.name = "high", .type = ParameterSchema::Type::integer, .maximum = 5},
        {.name = "force", .type = ParameterSchema::Type::boolean, .default_text = "true"},
        {.name = "path", .root = "/srv/www/"},
        {.name = "token", .pattern = "[0-9]{4}", .secret = true}}};

TEST(ValidateParameters, says_the_bound_that_a_value_breaks_and_never_the_value) {
    const std::string begin = "parameter '";
    const std::tuple<std::string, std::string, std::string> cases[] = {
        {"id", R"("A")", "must match the pattern [a-z]+"},
        {"id", R"("")", "must match the pattern [a-z]+"},
        {"id", R"("abcdefghi")", "is longer than 8 bytes"},
        {"mode", R"("slow")", "must be one of: fast, safe"},
        {"count", "0", "must be from 1 to 10"},
        {"count", "11", "must be from 1 to 10"},
        {"count", "18446744073709551615", "must be from 1 to 10"},
        {"low", "-2", "must be at least -1"},
        {"high", "6", "must be at most 5"},
        {"high", "18446744073709551615", "must be at most 5"},
        {"path", R"("srv/www/a")", "must be an absolute path at or below /srv/www/"},
        {"path", R"("/srv/wwwx")", "must be an absolute path at or below /srv/www/"},
        {"path", R"("/srv/www/../x")", "must be an absolute path at or below /srv/www/"},
        {"path", R"("")", "must be an absolute path at or below /srv/www/"},
        {"token", R"("hunter2")", "must match the pattern [0-9]{4}"},
        {"token", R"({"sealed":"AAAA"})", "must be a string"},
    };
    for (const auto& [name, value, sentence] : cases) {
        const auto checked =
            validate_parameters(bounded, parse("{\"" + name + "\":" + value + "}"));
        ASSERT_FALSE(checked) << name << value;
        EXPECT_EQ(checked.error(), begin + name + "' of command 'deploy' " + sentence);
    }
}

TEST(ValidateParameters, takes_what_is_within_the_bounds_and_typed_defaults) {
    const auto whole = parse(R"({"id":"ab","mode":"safe","count":10,"low":-1,"high":5,"force":false,
        "path":"/srv/www/./a/../b","token":"1234"})");
    EXPECT_EQ(validate_parameters(bounded, whole), whole);
    EXPECT_EQ(validate_parameters(bounded, {}), parse(R"({"mode":"fast","count":3,"force":true})"));
    EXPECT_TRUE(validate_parameters(bounded, parse(R"({"path":"/srv/www"})")));
    EXPECT_TRUE(validate_parameters(bounded, parse(R"({"path":"/srv/www/"})")));
}

TEST(OriginalCommands, are_as_the_original_defined_them) {
    const auto& commands = original_commands();
    ASSERT_EQ(commands.size(), 3U);
    const auto* echo = find_command(commands, "echo");
    ASSERT_NE(echo, nullptr);
    EXPECT_TRUE(echo->pure);
    EXPECT_EQ(validate_parameters(*echo, {}), parse(R"({"message":"pong"})"));
    const auto* pull = find_command(commands, "git_pull");
    ASSERT_NE(pull, nullptr);
    EXPECT_TRUE(pull->idempotent);
    EXPECT_FALSE(pull->pure);
    EXPECT_EQ(validate_parameters(*pull, parse(R"({"repository_path":"/r"})")),
              parse(R"({"repository_path":"/r","branch":"main"})"));
    const auto* restart = find_command(commands, "docker_restart");
    ASSERT_NE(restart, nullptr);
    EXPECT_EQ(restart->timeout_ms, 60'000);
    EXPECT_EQ(validate_parameters(*restart, {}).error(),
              "parameter 'container_name' of command 'docker_restart' is missing: it is a required "
              "string");
    EXPECT_EQ(find_command(commands, "Echo"), nullptr);
    EXPECT_EQ(find_command({}, "echo"), nullptr);
}

TEST(CommandSchemaJson, round_trip) {
    for (const auto& command : original_commands()) {
        const auto again = command_schema_from_json(to_json(command));
        ASSERT_TRUE(again) << again.error();
        EXPECT_EQ(to_json(*again), to_json(command));
    }
    EXPECT_EQ(to_json(*command_schema_from_json(to_json(schema))), to_json(schema));
}

TEST(CommandSchemaJson, carries_bounds_and_ignores_what_it_does_not_know) {
    auto object = to_json(bounded);
    const auto plain = to_json(schema).at("parameters").as_array()[0].as_object();
    for (const auto* name : {"pattern", "values", "minimum", "maximum", "root", "secret"})
        EXPECT_FALSE(plain.contains(name)) << name;
    object["parameters"].as_array()[0].as_object()["colour"] = "red";
    object["later"] = 1;
    const auto again = command_schema_from_json(object);
    ASSERT_TRUE(again) << again.error();
    EXPECT_EQ(to_json(*again), to_json(bounded));
}

TEST(CommandSchemaJson, what_a_host_declares_is_bounded) {
    const auto many = [](std::size_t count) {
        CommandSchema made{.name = "many"};
        for (std::size_t i = 0; i < count; ++i)
            made.parameters.push_back({.name = "p" + std::to_string(i)});
        return made;
    };
    EXPECT_TRUE(command_schema_from_json(to_json(many(most_parameters))));
    EXPECT_EQ(command_schema_from_json(to_json(many(most_parameters + 1))).error(),
              "not a command schema: field 'parameters' must be a list of at most 50");
    auto bad = bounded;
    bad.parameters[0].pattern = "(a{99}){99}";
    EXPECT_EQ(command_schema_from_json(to_json(bad)).error(),
              "not a command schema: field 'pattern' is refused: its repetitions multiply to more "
              "than 2000 parts");
    const std::vector<CommandSchema> too_many(most_commands + 1, bounded);
    EXPECT_EQ(command_schemas_from_text(to_text(too_many)).size(), most_commands);
    EXPECT_EQ(command_schemas_from_text(to_text({bad, bounded})).size(), 1U);
}

TEST(CommandSchemaJson, refuses_each_missing_or_wrong_field_by_name) {
    const auto refused = [](const json::object& object) {
        const auto decoded = command_schema_from_json(object);
        return decoded ? std::string("decoded") : decoded.error();
    };
    const auto names = [](const std::string& sentence, std::string_view name) {
        return sentence.starts_with("not a command schema: field '" + std::string(name) +
                                    "' must be ");
    };
    const auto whole = to_json(schema);
    for (const auto& [name, value] : whole) {
        auto without = whole;
        without.erase(name);
        EXPECT_TRUE(names(refused(without), name)) << refused(without);
        auto wrong = whole;
        wrong[name] = nullptr;
        EXPECT_TRUE(names(refused(wrong), name)) << refused(wrong);
    }
    for (const std::string_view name : {"name", "type", "required", "description", "max_length"}) {
        auto without = whole;
        without["parameters"].as_array()[1].as_object().erase(name);
        EXPECT_TRUE(names(refused(without), name)) << refused(without);
    }
    const auto with_parameter = [&](std::string_view name, const json::value& value) {
        auto changed = whole;
        changed["parameters"].as_array()[0].as_object()[name] = value;
        return refused(changed);
    };
    EXPECT_EQ(with_parameter("type", "float"),
              "not a command schema: field 'type' must be string, integer or boolean");
    EXPECT_EQ(with_parameter("max_length", -1),
              "not a command schema: field 'max_length' must be a number of bytes");
    EXPECT_EQ(with_parameter("default", 1), "not a command schema: field 'default' must be text");
    auto changed = whole;
    changed["parameters"] = json::array{1};
    EXPECT_EQ(refused(changed),
              "not a command schema: field 'parameters' must be a list of objects");
    changed = whole;
    changed["timeout_ms"] = 0;
    EXPECT_EQ(refused(changed),
              "not a command schema: field 'timeout_ms' must be a positive integer");
}

}  // namespace
}  // namespace cockpit::protocol
