#include "server/http/message.hpp"

#include <gtest/gtest.h>

#include <boost/json.hpp>

namespace cockpit::http {
namespace {

TEST(Request, finds_headers_and_query_values) {
    const Request request{.query = {{"limit", "1"}, {"limit", "2"}, {"empty", ""}},
                          .headers = {{"authorization", "Bearer x"}}};
    EXPECT_EQ(request.header("authorization"), "Bearer x");
    EXPECT_EQ(request.header("Authorization"), std::nullopt);
    EXPECT_EQ(request.query_value("limit"), "1");
    EXPECT_EQ(request.query_value("empty"), "");
    EXPECT_EQ(request.query_value("cursor"), std::nullopt);
}

TEST(Problem, is_an_rfc_9457_document) {
    const auto response = problem(409, "a \"quoted\" reason");
    EXPECT_EQ(response.status, 409);
    EXPECT_EQ(response.content_type, "application/problem+json");
    EXPECT_EQ(boost::json::parse(response.body),
              (boost::json::value{{"type", "about:blank"},
                                  {"title", "Conflict"},
                                  {"status", 409},
                                  {"detail", "a \"quoted\" reason"}}));
}

TEST(Problem, is_utf_8_whatever_it_quotes) {
    const auto body = boost::json::parse(problem(400, "bad \xff byte").body);
    EXPECT_EQ(body.at("detail").as_string(), "bad \xef\xbf\xbd byte");
}

}  // namespace
}  // namespace cockpit::http
