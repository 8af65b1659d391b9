#include "server/api/history_endpoints.hpp"
#include "server/api/history_export.hpp"
#include "server/api/paging.hpp"

#include <boost/json/array.hpp>

#include "fakes/run_task.hpp"
#include "unit/server/api/api_fixture.hpp"

namespace cockpit::api {
namespace {

class HistoryEndpointsTest : public ApiTest {
  protected:
    HistoryEndpointsTest() {
        for (int i = 1; i <= 7; ++i) {
            commands.rows.push_back({.id = i,
                                     .agent_id = i % 2 == 0 ? "web-1" : "web-2",
                                     .command_id = "id-" + std::to_string(i),
                                     .command = "echo",
                                     .params = "{}",
                                     .state = protocol::CommandState::success,
                                     .sent_at_ms = clock.wall,
                                     .sent_by = "admin"});
        }
    }
    static std::string ids(const Answer& answer) {
        std::string all;
        for (const auto& one : answer.body.at("commands").as_array()) {
            all += std::to_string(one.at("id").as_int64()) + " ";
        }
        return all;
    }
};

TEST_F(HistoryEndpointsTest, AllIsNewestFirst) {
    const auto answer = get("/api/cockpit-agent/history/all");
    EXPECT_EQ(ids(answer), "7 6 5 4 3 2 1 ");
    EXPECT_EQ(answer.body.at("total").as_int64(), 7);
    EXPECT_TRUE(answer.body.at("next_cursor").is_null());
}

TEST_F(HistoryEndpointsTest, OfOneAgent) {
    const auto answer = get("/api/cockpit-agent/web-1/history");
    EXPECT_EQ(ids(answer), "6 4 2 ");
    EXPECT_EQ(answer.body.at("total").as_int64(), 3);
}

TEST_F(HistoryEndpointsTest, TheCursorLeadsThroughAllPages) {
    std::string seen;
    std::string target = "/api/cockpit-agent/history/all?limit=3";
    for (int pages = 0; pages < 3; ++pages) {
        const auto answer = get(target);
        seen += ids(answer) + "| ";
        EXPECT_EQ(answer.body.at("total").as_int64(), 7);
        if (answer.body.at("next_cursor").is_null()) break;
        target = "/api/cockpit-agent/history/all?limit=3&cursor=" + answer.text("next_cursor");
    }
    EXPECT_EQ(seen, "7 6 5 | 4 3 2 | 1 | ");
}

TEST_F(HistoryEndpointsTest, WrongPagesAreRefused) {
    for (const auto* limit : {"0", "1001", "-1", "ten", ""}) {
        EXPECT_EQ(get(std::string("/api/cockpit-agent/history/all?limit=") + limit).status, 400)
            << limit;
    }
    for (const auto* cursor : {"7", "YmVmb3JlOi0x", "YmVmb3JlOjE7", "%2B%2B"}) {
        const auto answer = get(std::string("/api/cockpit-agent/history/all?cursor=") + cursor);
        EXPECT_EQ(answer.status, 400) << cursor;
        EXPECT_EQ(answer.detail(), "'cursor' must be the next_cursor of an earlier page");
    }
}

TEST_F(HistoryEndpointsTest, AnUnknownAgentIs404AndAKnownOneWithoutCommandsIsEmpty) {
    EXPECT_EQ(get("/api/cockpit-agent/web-9/history").status, 404);
    connect("web-9");
    const auto answer = get("/api/cockpit-agent/web-9/history");
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body.at("total").as_int64(), 0);
}

TEST_F(HistoryEndpointsTest, FiltersAreChecked) {
    commands.rows[2].command = "git_pull";
    commands.rows[2].sent_at_ms = 1'000'000;
    EXPECT_EQ(ids(get("/api/cockpit-agent/history/all?command=git_pull")), "3 ");
    EXPECT_EQ(ids(get("/api/cockpit-agent/history/all?until=1000&status=success")), "3 ");
    EXPECT_EQ(ids(get("/api/cockpit-agent/history/all?since=999&until=1000&sent_by=admin")), "3 ");
    EXPECT_EQ(ids(get("/api/cockpit-agent/history/all?agent_id=web-1")), "6 4 2 ");
    EXPECT_TRUE(get("/api/cockpit-agent/history/all?command=echo").body.at("total").is_null());
    EXPECT_THAT(get("/api/cockpit-agent/history/all?status=done").detail(),
                testing::StartsWith("'status' must be pending, delivered, running, success"));
    EXPECT_EQ(get("/api/cockpit-agent/history/all?since=9&until=8").detail(),
              "'since' must not be later than 'until'");
    EXPECT_EQ(get("/api/cockpit-agent/history/all?since=yesterday").status, 400);
}

TEST(HistoryExport, CsvQuotesAndTakesFormulasTheirPower) {
    const boost::json::object row{
        {"a", "x,y"}, {"b", "say \"hi\"\nbye"}, {"c", nullptr}, {"d", "=1+1"}, {"e", 7},
        {"f", -7},    {"g", {{"k", "v"}}}};
    EXPECT_EQ(csv_header(row), "a,b,c,d,e,f,g\r\n");
    EXPECT_EQ(csv_line(row),
              "\"x,y\",\"say \"\"hi\"\"\nbye\",,'=1+1,7,-7,\"{\"\"k\"\":\"\"v\"\"}\"\r\n");
}

TEST_F(HistoryEndpointsTest, TheExportHasEveryRow) {
    const auto text_of = [&](ExportFormat format) {
        std::string text;
        const auto stream = history_export(commands, {.agent_id = "web-1"}, format);
        while (const auto piece = fakes::run_task(io, stream->next()))
            text += *piece;
        return text;
    };
    const auto csv = text_of(ExportFormat::csv);
    EXPECT_THAT(csv, testing::StartsWith("id,command_id,agent_id,command,params,status,output"));
    EXPECT_EQ(std::ranges::count(csv, '\n'), 4);
    const auto lines = text_of(ExportFormat::json_lines);
    EXPECT_THAT(lines, testing::StartsWith("{\"id\":6,"));
    EXPECT_EQ(std::ranges::count(lines, '\n'), 3);
    EXPECT_EQ(get("/api/cockpit-agent/history/export?format=xml").detail(),
              "'format' must be csv or jsonl");
    EXPECT_EQ(get("/api/cockpit-agent/history/export").status, 400);
}

TEST_F(HistoryEndpointsTest, AStoreThatFailsIs503WithoutDetails) {
    commands.broken = true;
    const auto answer = get("/api/cockpit-agent/history/all");
    EXPECT_EQ(answer.status, 503);
    EXPECT_EQ(answer.detail(), "the database is unavailable; try again later");
}

TEST(Cursor, ComesBackAsItWent) {
    EXPECT_EQ(from_cursor(to_cursor(1)), 1);
    EXPECT_EQ(from_cursor(to_cursor(9'000'000'000'000'000'000)), 9'000'000'000'000'000'000);
    EXPECT_EQ(from_cursor(to_cursor(0)), std::nullopt);
    EXPECT_EQ(from_cursor(""), std::nullopt);
}

}  // namespace
}  // namespace cockpit::api
