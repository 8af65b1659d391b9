#include "server/api/json_body.hpp"

#include <gmock/gmock.h>

#include <boost/json/value.hpp>

namespace cockpit::api {
namespace {

using testing::HasSubstr;

TEST(JsonBody, AnObjectIsRead) {
    const auto body = read_json_body(R"({"a":1,"b":{"a":[{"a":"ä\u00e4"},{"a":2.5}]}})");
    ASSERT_TRUE(body) << body.error();
    EXPECT_EQ(body->at("b").at("a").at(0).at("a").as_string(), "ää");
}

TEST(JsonBody, WhatIsWrongIsSaid) {
    const std::string deep(20, '[');
    const struct {
        std::string text;
        std::string says;
    } cases[] = {
        {"", "the body is empty; it must be a JSON object"},
        {"   ", "not valid JSON"},
        {"{", "not valid JSON"},
        {"{\"a\":1,}", "not valid JSON"},
        {"{\"a\":1} x", "not valid JSON"},
        {"{'a':1}", "not valid JSON"},
        {"{\"a\":NaN}", "not valid JSON"},
        {"[1]", "must be a JSON object"},
        {"\"text\"", "must be a JSON object"},
        {"null", "must be a JSON object"},
        {"{\"a\":\"\xff\"}", "not valid UTF-8"},
        {"{\"a\":\"\xc0\xaf\"}", "not valid UTF-8"},
        {"{\"a\":\"\\ud800\"}", "not valid JSON"},
        {"{\"a\":\"x\\u0000y\"}", "contains a NUL character"},
        {"{\"a\\u0000\":1}", "contains a NUL character"},
        {std::string("{\"a\":\"x\0y\"}", 11), "not valid JSON"},
        {"{\"a\":1,\"a\":2}", "the field 'a' twice"},
        {"{\"a\":1,\"\\u0061\":2}", "the field 'a' twice"},
        {"{\"p\":{\"b\":1,\"b\":1}}", "the field 'b' twice"},
        {"{\"a\":" + deep + std::string(20, ']') + "}", "nested deeper than 16 levels"},
    };
    for (const auto& [text, says] : cases) {
        const auto body = read_json_body(text);
        ASSERT_FALSE(body) << text;
        EXPECT_THAT(body.error(), HasSubstr(says)) << text;
    }
}

TEST(JsonBody, TheSameNameInDifferentObjectsIsFine) {
    EXPECT_TRUE(read_json_body(R"({"a":{"x":1},"b":{"x":1},"c":[{"x":1},{"x":1}]})"));
}

TEST(JsonBody, ATextCutAtAnyByteIsRefused) {
    const std::string whole =
        R"({"agent_id":"web-1","params":{"message":"h\u00e4 \"x\""},"t":1.5e3})";
    ASSERT_TRUE(read_json_body(whole));
    for (std::size_t length = 0; length < whole.size(); ++length) {
        EXPECT_FALSE(read_json_body(std::string_view(whole).substr(0, length))) << length;
    }
}

}  // namespace
}  // namespace cockpit::api
