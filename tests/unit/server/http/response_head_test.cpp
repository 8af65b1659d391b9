#include "server/http/response_head.hpp"

#include <gtest/gtest.h>

namespace cockpit::http {
namespace {

std::string head(const Response& response, ConnectionHeader connection = ConnectionHeader::none) {
    std::string out;
    append_head(out, response, "r-1", "DATE", connection);
    return out;
}

TEST(ResponseHead, is_written_whole) {
    EXPECT_EQ(head({.status = 201, .body = "{}", .headers = {{"Location", "/x"}}}),
              "HTTP/1.1 201 Created\r\nServer: cockpit\r\nDate: DATE\r\nX-Request-Id: r-1\r\n"
              "Content-Type: application/json\r\nContent-Length: 2\r\nLocation: /x\r\n\r\n");
    EXPECT_TRUE(head({}, ConnectionHeader::close).contains("\r\nConnection: close\r\n"));
    EXPECT_TRUE(head({}, ConnectionHeader::keep_alive).contains("\r\nConnection: keep-alive\r\n"));
    EXPECT_FALSE(head({}).contains("Connection:"));
}

TEST(ResponseHead, has_no_content_where_the_status_allows_none) {
    for (const int status : {204, 304}) {
        EXPECT_FALSE(has_body(status));
        EXPECT_FALSE(head({.status = status}).contains("Content-")) << status;
    }
    EXPECT_TRUE(has_body(200));
    EXPECT_TRUE(head({.body = ""}).contains("Content-Length: 0\r\n"));
}

TEST(ResponseHead, names_the_status) {
    EXPECT_EQ(reason_phrase(200), "OK");
    EXPECT_EQ(reason_phrase(422), "Unprocessable Content");
    EXPECT_EQ(reason_phrase(504), "Gateway Timeout");
    EXPECT_EQ(reason_phrase(599), "Unknown");
}

TEST(ResponseHead, date_is_imf_fixdate) {
    EXPECT_EQ(format_date(0), "Thu, 01 Jan 1970 00:00:00 GMT");
    EXPECT_EQ(format_date(784111777), "Sun, 06 Nov 1994 08:49:37 GMT");  // RFC 9110's example
    DateText date;
    EXPECT_EQ(date.now().size(), 29U);
    EXPECT_TRUE(date.now().ends_with(" GMT"));
}

TEST(ResponseHead, refuses_what_would_split_the_answer) {
    using namespace std::string_literals;
    EXPECT_TRUE(is_well_formed({.headers = {{"X-A", "b c\t; d"}}}));
    for (const auto& value : {"a\r\nb"s, "a\nb"s, "a\rb"s, "a\0b"s}) {
        EXPECT_FALSE(is_well_formed({.headers = {{"X-A", value}}}));
        EXPECT_FALSE(is_well_formed({.content_type = value}));
    }
    for (const auto* name : {"", "A B", "A:", "A\r\n", "Ä"}) {
        EXPECT_FALSE(is_well_formed({.headers = {{name, "v"}}})) << name;
    }
    for (const int status : {0, 100, 199, 600, -1}) {
        EXPECT_FALSE(is_well_formed({.status = status})) << status;
    }
}

}  // namespace
}  // namespace cockpit::http
