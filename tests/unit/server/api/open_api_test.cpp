#include "server/api/open_api.hpp"

#include <boost/json/serialize.hpp>
#include <set>

#include "unit/server/api/api_fixture.hpp"

namespace cockpit::api {
namespace {

namespace json = boost::json;
using Type = Field::Type;

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

class DocumentTest : public ApiTest {};

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
