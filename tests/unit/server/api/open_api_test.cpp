#include "server/api/open_api.hpp"

#include <boost/json/serialize.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>

#include "server/api/shape.hpp"
#include "unit/server/api/api_fixture.hpp"

namespace cockpit::api {
namespace {

namespace json = boost::json;
using Type = Field::Type;

// One line per member, so that a change can be read.
void write(std::string& text, const json::value& value, const std::string& margin) {
    const auto list = [&](const auto& all, char open, char close, auto one) {
        text += open;
        bool first = true;
        for (const auto& item : all) {
            text += (first ? "\n" : ",\n") + margin + " ";
            first = false;
            one(item);
        }
        text += "\n" + margin + close;
    };
    const bool flat = !value.is_structured() || json::serialize(value).size() < 100;
    if (flat) {
        text += json::serialize(value);
    } else if (value.is_array()) {
        list(value.get_array(), '[', ']',
             [&](const auto& item) { write(text, item, margin + " "); });
    } else {
        list(value.get_object(), '{', '}', [&](const auto& item) {
            text += json::serialize(json::string(item.key())) + ": ";
            write(text, item.value(), margin + " ");
        });
    }
}
std::string pretty(const json::object& document) {
    std::string text;
    write(text, document, "");
    return text + "\n";
}

Endpoint example() {
    return {.method = "POST",
            .pattern = "/api/cockpit-agent/runs/{run_id}/pause",
            .summary = "Wait",
            .permission = "cockpit_agents:write",
            .query = {{.name = "limit", .type = Type::integer, .min = 1, .max = 9}},
            .body = {{.name = "who", .required = true, .max_length = 7},
                     {.name = "share", .type = Type::amount},
                     {.name = "all", .type = Type::object_list, .max_length = 3}},
            .responses = {{200, "done"}, {404, "no such run"}},
            .handle = {}};
}

TEST(OpenApiTest, AnEndpointIsToldWithAllThatIsChecked) {
    const Endpoint endpoints[] = {example()};
    const auto document = open_api_document(endpoints, "1.2");
    EXPECT_EQ(document.at("openapi"), "3.1.0");
    EXPECT_EQ(document.at("info").at("version"), "1.2");
    const auto& operation =
        document.at("paths").at("/api/cockpit-agent/runs/{run_id}/pause").at("post").as_object();
    EXPECT_EQ(operation.at("operationId"), "post_runs_run_id_pause");
    EXPECT_EQ(operation.at("tags"), json::array{"runs"});
    const auto& parameters = operation.at("parameters").as_array();
    ASSERT_EQ(parameters.size(), 2u);
    EXPECT_EQ(parameters[0].at("name"), "run_id");
    EXPECT_EQ(parameters[0].at("in"), "path");
    EXPECT_EQ(parameters[1].at("schema").at("maximum"), 9);
    const auto& schema =
        operation.at("requestBody").at("content").at("application/json").at("schema").as_object();
    EXPECT_EQ(schema.at("required"), json::array{"who"});
    EXPECT_EQ(schema.at("properties").at("who").at("maxLength"), 7);
    EXPECT_EQ(schema.at("properties").at("all").at("items").at("type"), "object");
    EXPECT_EQ(schema.at("properties").at("share").at("oneOf").as_array().size(), 2u);
    EXPECT_EQ(schema.at("additionalProperties"), false);
    const auto& responses = operation.at("responses").as_object();
    EXPECT_EQ(responses.at("200").at("description"), "done");
    EXPECT_FALSE(responses.at("200").as_object().contains("content"));
    EXPECT_EQ(
        responses.at("404").at("content").at("application/problem+json").at("schema").at("$ref"),
        "#/components/schemas/Problem");
    EXPECT_TRUE(responses.contains("401"));
    EXPECT_TRUE(responses.contains("403"));
}

TEST(ShapeTest, ATypeIsAWordWithWhatStandsAfterIt) {
    EXPECT_EQ(json::serialize(schema_of_type("text?")), R"({"type":["string","null"]})");
    EXPECT_EQ(json::serialize(schema_of_type("integer{}")),
              R"({"type":"object","additionalProperties":{"type":"integer"}})");
    EXPECT_EQ(json::serialize(schema_of_type("text[]?")),
              R"({"type":["array","null"],"items":{"type":"string"}})");
    EXPECT_EQ(json::serialize(schema_of_type("Run[]")),
              R"({"type":"array","items":{"$ref":"#/components/schemas/Run"}})");
    EXPECT_EQ(json::serialize(schema_of_type("Run?")),
              R"({"oneOf":[{"$ref":"#/components/schemas/Run"},{"type":"null"}]})");
    EXPECT_THROW(schema_of_type("Nonsense"), std::invalid_argument);
}

TEST(ShapeTest, EachIsThereOnceAndNamesOnlyWhatIsThere) {
    std::set<std::string_view> names;
    for (const auto& shape : shapes()) {
        EXPECT_TRUE(names.insert(shape.name).second) << shape.name;
        EXPECT_NO_THROW(schema_of_shape(shape)) << shape.name;
    }
}

class DocumentTest : public ApiTest {};

// The page's types are made of that file. COCKPIT_WRITE_DOCUMENT=1 writes it anew.
TEST_F(DocumentTest, TheFileInTheRepositoryIsWhatThisServerTells) {
    const auto told = pretty(open_api_document(rest.endpoints(), "1"));
    const std::filesystem::path path = COCKPIT_OPEN_API_FILE;
    if (std::getenv("COCKPIT_WRITE_DOCUMENT") != nullptr) std::ofstream(path) << told;
    std::ifstream file(path);
    const std::string kept{std::istreambuf_iterator<char>(file), {}};
    EXPECT_TRUE(kept == told) << path.filename()
                              << " is not what the server tells: run api_test with "
                                 "COCKPIT_WRITE_DOCUMENT=1 and commit it";
}

TEST_F(DocumentTest, EveryEndpointSaysWhatItAnswers) {
    const std::set<std::string> no_json{"GET /api/cockpit-agent/events",
                                        "GET /api/cockpit-agent/history/export",
                                        "GET /api/cockpit-agent/commands/{command_id}/output",
                                        "GET /api/cockpit-agent/deployments/{deployment_id}/events",
                                        "GET /openapi.json",
                                        "GET /metrics"};
    for (const auto& endpoint : rest.endpoints()) {
        const auto name = endpoint.method + " " + endpoint.pattern;
        EXPECT_EQ(endpoint.answer.empty(), no_json.contains(name)) << name;
    }
}

TEST_F(DocumentTest, EveryEndpointIsThereOnceWithoutAToken) {
    const auto answer = call("GET", "/openapi.json", "", "");
    ASSERT_EQ(answer.status, 200);
    std::set<std::string> operations;
    std::size_t count = 0;
    for (const auto& [path, methods] : answer.body.at("paths").as_object()) {
        for (const auto& [method, operation] : methods.as_object()) {
            ++count;
            const std::string name(operation.at("operationId").as_string());
            EXPECT_TRUE(operations.insert(name).second) << name << " is there twice";
            EXPECT_FALSE(operation.at("summary").as_string().empty()) << name;
        }
    }
    EXPECT_EQ(count, rest.endpoints().size());
    EXPECT_TRUE(operations.contains("post_services_name_deployments"));
}

}  // namespace
}  // namespace cockpit::api
