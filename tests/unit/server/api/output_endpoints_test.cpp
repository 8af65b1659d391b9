// What a command wrote, over the API.

#include <gtest/gtest.h>

#include "crypto/digest.hpp"
#include "crypto/encoding.hpp"
#include "fakes/run_task.hpp"
#include "server/api/output_bytes.hpp"
#include "server/api/output_events.hpp"
#include "unit/server/api/api_fixture.hpp"

namespace cockpit::api {
namespace {

class OutputEndpointsTest : public ApiTest {
  protected:
    OutputEndpointsTest() {
        connect("web-1");
        const auto answer = post("/api/cockpit-agent/command",
                                 R"({"agent_id":"web-1","command":"echo","params":{}})");
        id = answer.text("command_id");
    }
    protocol::AttemptId attempt() const { return {*protocol::CommandId::parse(id), 1}; }
    void keep(std::int64_t offset, std::string bytes) {
        output_store.kept[attempt()].push_back({offset, std::move(bytes)});
    }
    void end(std::string all, std::string text) {
        auto* row = commands.row_of(id);
        row->state = protocol::CommandState::success;
        row->output = std::move(text);
        row->output_bytes = static_cast<std::int64_t>(all.size());
        row->output_sha256 = crypto::to_hex(crypto::sha256(all));
        row->completed_at_ms = clock.wall;
    }
    http::Response ask(std::vector<std::pair<std::string, std::string>> headers = {},
                       std::string query = "") {
        http::Request request{.method = "GET",
                              .path = "/api/cockpit-agent/commands/" + id + "/output"};
        request.raw_path = request.path;
        request.headers = {{"authorization", "Bearer " + admin}};
        for (auto& [name, value] : headers)
            request.headers[name] = value;
        if (!query.empty()) {
            const auto equals = query.find('=');
            request.query = {{query.substr(0, equals), query.substr(equals + 1)}};
        }
        return fakes::run_task(io, handler(request));
    }
    /// All that the stream gives until its end.
    std::string all_of(const http::Response& response) {
        if (!response.stream) return response.body;
        std::string all;
        while (auto piece = fakes::run_task(io, response.stream->next()))
            all += *piece;
        return all;
    }
    static std::string header(const http::Response& response, std::string_view name) {
        for (const auto& [key, value] : response.headers) {
            if (key == name) return value;
        }
        return "<absent>";
    }

    std::string id;
};

TEST_F(OutputEndpointsTest, kept_bytes_with_a_mark_where_some_are_missing) {
    keep(0, std::string("he\0d", 4));
    keep(4, "!");
    keep(105, "tail");
    const auto response = ask();
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.content_type, "text/plain; charset=utf-8");
    EXPECT_EQ(all_of(response),
              std::string("he\0d!", 5) + "\n[... 100 bytes are missing here ...]\ntail");
}

TEST_F(OutputEndpointsTest, a_piece_without_bytes_does_not_make_two_holes_of_one) {
    keep(0, "head");
    keep(50, "");
    keep(80, "");
    keep(104, "tail");
    keep(120, "");
    end(std::string(130, 'x'), "");
    EXPECT_EQ(all_of(ask()),
              "head\n[... 100 bytes are missing here ...]\ntail\n[... 22 bytes are missing here "
              "...]\n");
}

TEST_F(OutputEndpointsTest, without_pieces_the_rows_text_is_the_output) {
    end("just text", "just text");
    const auto response = ask();
    EXPECT_EQ(all_of(response), "just text");
    EXPECT_EQ(header(response, "X-Output-Bytes"), "9");
    EXPECT_EQ(header(response, "X-Output-Sha256"), crypto::to_hex(crypto::sha256("just text")));
    const auto range = ask({{"range", "bytes=5-"}});
    EXPECT_EQ(range.status, 206);
    EXPECT_EQ(range.body, "text");
    EXPECT_EQ(header(range, "Content-Range"), "bytes 5-8/9");
}

TEST_F(OutputEndpointsTest, a_result_that_holds_all_stands_beside_pieces_that_were_begun) {
    // The agent died after its first piece, and the next one had the whole in the result.
    keep(0, "just");
    end("just text", "just text");
    EXPECT_EQ(all_of(ask()), "just text");
    EXPECT_EQ(ask({{"range", "bytes=2-6"}}).body, "st te");
    const auto events = all_of(ask({{"accept", "text/event-stream"}, {"last-event-id", "4"}}));
    EXPECT_NE(events.find("{\"offset\":4,\"data\":\"IHRleHQ=\"}"), std::string::npos) << events;
    EXPECT_NE(events.find("\"complete\":true"), std::string::npos);
}

TEST_F(OutputEndpointsTest, ranges_are_exact_bytes_or_say_what_is_missing) {
    keep(0, "0123456789");
    keep(10, "abcdef");
    keep(30, "tail");
    end(std::string(34, 'x'), "");
    const auto middle = ask({{"range", "bytes=8-11"}});
    EXPECT_EQ(middle.status, 206);
    EXPECT_EQ(middle.body, "89ab");
    EXPECT_EQ(middle.content_type, "application/octet-stream");
    EXPECT_EQ(header(middle, "Content-Range"), "bytes 8-11/34");
    EXPECT_EQ(ask({{"range", "bytes=-2"}}).body, "il");
    EXPECT_EQ(ask({{"range", "bytes=30-99"}}).body, "tail");
    const auto hole = ask({{"range", "bytes=12-31"}});
    EXPECT_EQ(hole.status, 416);
    EXPECT_NE(hole.body.find("bytes 16 to 29 are not kept here; with source=host"),
              std::string::npos)
        << hole.body;
    const auto beyond = ask({{"range", "bytes=34-"}});
    EXPECT_EQ(beyond.status, 416);
    EXPECT_EQ(header(beyond, "Content-Range"), "bytes */34");
    EXPECT_EQ(ask({{"range", "lines=1-2"}}).status, 200) << "not ours to understand: ignored";
}

TEST(ByteRange, what_is_a_range_and_what_is_not) {
    const auto text = [](std::string_view header, std::int64_t total) -> std::string {
        const auto range = parse_byte_range(header);
        if (!range) return "ignored";
        const auto bytes = resolve(*range, total);
        if (!bytes) return "none";
        return std::to_string(bytes->first) + "-" + std::to_string(bytes->second);
    };
    EXPECT_EQ(text("bytes=0-0", 10), "0-1");
    EXPECT_EQ(text("bytes=3-", 10), "3-10");
    EXPECT_EQ(text("bytes=-3", 10), "7-10");
    EXPECT_EQ(text("bytes=-30", 10), "0-10");
    EXPECT_EQ(text("bytes=5-9223372036854775807", 10), "5-10");
    EXPECT_EQ(text("bytes=10-", 10), "none");
    EXPECT_EQ(text("bytes=-0", 10), "none");
    for (const auto* wrong : {"bytes=", "bytes=-", "bytes=5-3", "bytes=a-b", "bytes=1-2,4-5",
                              "bytes 1-2", "bytes=1--2", "bytes=99999999999999999999-"}) {
        EXPECT_EQ(text(wrong, 10), "ignored") << wrong;
    }
}

TEST_F(OutputEndpointsTest, events_are_the_output_from_where_the_reader_was) {
    keep(0, "abc");
    keep(3, "def");
    keep(16, "xyz");
    end(std::string(19, '?'), "");
    commands.row_of(id)->output_sha256 = "feed";
    const auto whole = all_of(ask({{"accept", "text/event-stream"}}));
    EXPECT_EQ(whole,
              "retry: 1000\n\n"
              "event: state\nid: 0\ndata: {\"status\":\"success\"}\n\n"
              "event: output\nid: 3\ndata: {\"offset\":0,\"data\":\"YWJj\"}\n\n"
              "event: output\nid: 6\ndata: {\"offset\":3,\"data\":\"ZGVm\"}\n\n"
              "event: hole\nid: 16\ndata: {\"offset\":6,\"bytes\":10}\n\n"
              "event: output\nid: 19\ndata: {\"offset\":16,\"data\":\"eHl6\"}\n\n"
              "event: end\nid: 19\ndata: {\"status\":\"success\",\"attempt\":1,\"output_bytes\":19,"
              "\"output_sha256\":\"feed\",\"complete\":true}\n\n");
    const auto rest = all_of(ask({{"accept", "text/event-stream"}, {"last-event-id", "4"}}));
    EXPECT_NE(rest.find("id: 6\ndata: {\"offset\":4,\"data\":\"ZWY=\"}"), std::string::npos)
        << rest;
    EXPECT_EQ(rest.find("YWJj"), std::string::npos);
    const auto same = all_of(ask({{"accept", "text/event-stream"}}, "from=4"));
    EXPECT_EQ(same, rest);
}

TEST_F(OutputEndpointsTest, an_end_waits_for_bytes_that_are_still_to_come_but_not_for_ever) {
    keep(0, "abc");
    end("abcdef", "");
    const auto response = ask({{"accept", "text/event-stream"}});
    const auto first = fakes::run_task(io, response.stream->next());
    EXPECT_NE(first->find("YWJj"), std::string::npos);
    EXPECT_EQ(first->find("event: end"), std::string::npos);
    clock.advance(60'000);
    const auto last = fakes::run_task(io, response.stream->next());
    EXPECT_NE(last->find("event: hole\nid: 6\ndata: {\"offset\":3,\"bytes\":3}"), std::string::npos)
        << *last;
    EXPECT_NE(last->find("\"complete\":false"), std::string::npos);
    EXPECT_EQ(fakes::run_task(io, response.stream->next()), std::nullopt);
}

TEST_F(OutputEndpointsTest, where_nobody_knows_how_much_there_was_it_is_not_called_complete) {
    keep(0, "abc");
    auto* row = commands.row_of(id);
    row->state = protocol::CommandState::interrupted;
    row->completed_at_ms = clock.wall;
    const auto response = ask({{"accept", "text/event-stream"}});
    const auto first = fakes::run_task(io, response.stream->next());
    EXPECT_EQ(first->find("event: end"), std::string::npos);
    clock.advance(60'000);
    const auto last = fakes::run_task(io, response.stream->next());
    EXPECT_NE(last->find("\"complete\":false"), std::string::npos) << *last;
    EXPECT_EQ(last->find("event: hole"), std::string::npos);
}

TEST_F(OutputEndpointsTest, a_command_without_output_just_ends) {
    end("", "");
    const auto all = all_of(ask({{"accept", "text/event-stream"}}));
    EXPECT_NE(all.find("event: end\nid: 0\n"), std::string::npos) << all;
    EXPECT_EQ(all.find("event: output"), std::string::npos);
}

TEST_F(OutputEndpointsTest, what_is_wrong_is_named) {
    const auto place = ask({{"accept", "text/event-stream"}, {"last-event-id", "x7"}});
    EXPECT_EQ(place.status, 400);
    EXPECT_NE(place.body.find("'x7' is no place in the output"), std::string::npos);
    const auto attempt = ask({{"accept", "text/event-stream"}, {"last-event-id", "5:0"}});
    EXPECT_EQ(attempt.status, 400);
    EXPECT_NE(attempt.body.find("it is of attempt 1"), std::string::npos);
    EXPECT_EQ(ask({}, "attempt=2").status, 404);
    EXPECT_EQ(ask({}, "source=moon").status, 400);
    id = "7ff17341-2a90-4f43-85d3-a9eae6a82737";
    EXPECT_EQ(ask().status, 404);
}

TEST_F(OutputEndpointsTest, only_so_many_read_live) {
    const auto first = ask({{"accept", "text/event-stream"}});
    auto second = ask({{"accept", "text/event-stream"}});
    const auto third = ask({{"accept", "text/event-stream"}});
    EXPECT_EQ(third.status, 503);
    EXPECT_EQ(header(third, "Retry-After"), "5");
    EXPECT_NE(third.body.find("MAX_OUTPUT_STREAMS"), std::string::npos);
    second.stream.reset();
    EXPECT_EQ(ask({{"accept", "text/event-stream"}}).status, 200);
}

TEST_F(OutputEndpointsTest, the_host_is_asked_only_when_it_is_there) {
    clock.advance(60'000);
    directory.on_link_lost(clock.wall_ms(), "Redis is away");
    const auto away = ask({}, "source=host");
    EXPECT_EQ(away.status, 503);
    EXPECT_NE(away.body.find("is not there to be asked: "), std::string::npos) << away.body;
    EXPECT_TRUE(link.fetches.empty());
}

}  // namespace
}  // namespace cockpit::api
