#include "agent/commands/http_reply.hpp"

#include <gtest/gtest.h>

namespace cockpit::commands {
namespace {

struct Answer {
    std::string bytes;
    int status;
    std::string body;
    bool whole_before_the_end = true;
};

const std::vector<Answer> answers{
    {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 200, "hello"},
    {"HTTP/1.1 204 No Content\r\nApi-Version: 1.41\r\n\r\n", 204, ""},
    {"HTTP/1.1 404 Not Found\r\ncontent-length:0\r\n\r\n", 404, ""},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6;x=y\r\n "
     "world\r\n0\r\n\r\n",
     200, "hello world"},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nA\r\n0123456789\r\n0\r\nT: 1\r\n\r\n",
     200, "0123456789"},
    {"HTTP/1.0 200 OK\r\n\r\nuntil the end", 200, "until the end", false},
};

TEST(HttpReply, reads_answers_of_every_framing) {
    for (const auto& answer : answers) {
        const auto reply = parse_reply(answer.bytes, !answer.whole_before_the_end);
        ASSERT_TRUE(reply.has_value()) << reply.error();
        ASSERT_TRUE(reply->has_value()) << answer.bytes;
        EXPECT_EQ((*reply)->status, answer.status);
        EXPECT_EQ((*reply)->body, answer.body);
    }
}

TEST(HttpReply, cut_at_any_byte_waits_for_more_or_breaks_off) {
    for (const auto& answer : answers) {
        for (std::size_t size = 0; size < answer.bytes.size(); ++size) {
            const auto part = std::string_view(answer.bytes).substr(0, size);
            const auto more = parse_reply(part, false);
            ASSERT_TRUE(more.has_value()) << more.error();
            EXPECT_FALSE(more->has_value()) << part;
            if (!answer.whole_before_the_end) continue;
            const auto ended = parse_reply(part, true);
            ASSERT_FALSE(ended.has_value());
            EXPECT_EQ(ended.error(), "it breaks off in the middle");
        }
    }
}

TEST(HttpReply, names_what_it_cannot_read) {
    const auto error = [](std::string_view bytes) {
        const auto reply = parse_reply(bytes, false);
        return reply ? "no error" : reply.error();
    };
    EXPECT_EQ(error("SSH-2.0-OpenSSH\r\n\r\n"), "it does not begin like an HTTP answer");
    EXPECT_EQ(error("HTTP/1.1 abc\r\n\r\n"), "it does not begin like an HTTP answer");
    EXPECT_EQ(error("HTTP/1.1\r\n\r\n"), "it does not begin like an HTTP answer");
    EXPECT_EQ(error("HTTP/1.1 200 OK\r\nno colon\r\n\r\n"), "it has a header line without a name");
    EXPECT_EQ(error("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"), "its length is unreadable");
    EXPECT_EQ(error("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n"),
              "it is encoded as 'gzip'");
    const std::string chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    EXPECT_EQ(error(chunked + "xyz\r\n"), "it has a chunk of unreadable size");
    EXPECT_EQ(error(chunked + "ffffffffffffffffff\r\n"), "it has a chunk of unreadable size");
    EXPECT_EQ(error(chunked + "1\r\nabcd"), "it has a chunk that does not end where it says");
    const auto huge = parse_reply(chunked + "ffffffffffffffff\r\nabc", false);
    ASSERT_TRUE(huge.has_value());
    EXPECT_FALSE(huge->has_value());
}

TEST(HttpReply, headers_are_found_by_lower_case_names) {
    const auto reply =
        parse_reply("HTTP/1.1 204 No Content\r\nApi-VERSION:  1.41 \r\nX: a:b\r\n\r\n", false);
    EXPECT_EQ((*reply)->headers.at("api-version"), "1.41");
    EXPECT_EQ((*reply)->headers.at("x"), "a:b");
}

TEST(PercentEncode, leaves_nothing_that_a_path_would_understand) {
    EXPECT_EQ(percent_encode("grafana-1_x.y~Z"), "grafana-1_x.y~Z");
    EXPECT_EQ(percent_encode("../a?b#c d\r\n%"), "..%2Fa%3Fb%23c%20d%0D%0A%25");
    EXPECT_EQ(percent_encode("ü"), "%C3%BC");
}

}  // namespace
}  // namespace cockpit::commands
