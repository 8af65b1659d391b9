#include "cli/table.hpp"

#include <gmock/gmock.h>

#include <boost/json/parse.hpp>

namespace cockpit::cli {
namespace {

boost::json::array rows(std::string_view text) {
    return boost::json::parse(text).as_array();
}

TEST(Table, ColumnsStandUnderEachOther) {
    EXPECT_EQ(
        table({{"HOST", "id"}, {"N", "n"}}, rows(R"([{"id":"web-1","n":1},{"id":"ü","n":22}])")),
        "HOST   N\nweb-1  1\nü      22\n");
    EXPECT_EQ(table({{"HOST", "id"}}, {}), "HOST\n");
}

TEST(Table, CellsOfAllKinds) {
    const auto all = rows(R"([null, "", true, 3, ["a","b"], {"env":"prod","rack":"r1"}])");
    std::vector<std::string> cells;
    for (const auto& value : all)
        cells.push_back(cell(value));
    EXPECT_THAT(cells, testing::ElementsAre("-", "-", "true", "3", "a,b", "env=prod,rack=r1"));
}

// What a host says must not move the cursor, change colours or make a line of its own.
TEST(Table, NothingOfAHostControlsTheTerminal) {
    EXPECT_EQ(cell("a\033[31mb\nc\rd"), "a?[31mb c?d");
    EXPECT_EQ(printable("one\n\ttwo\033]0;x\a\x7f"), "one\n\ttwo?]0;x??");
}

TEST(Table, ForPrograms) {
    const auto two = rows(R"([{"id":"a"},{"id":"b"}])");
    EXPECT_EQ(formatted(Format::json, {}, two), "[{\"id\":\"a\"},{\"id\":\"b\"}]\n");
    EXPECT_EQ(formatted(Format::jsonl, {}, two), "{\"id\":\"a\"}\n{\"id\":\"b\"}\n");
}

}  // namespace
}  // namespace cockpit::cli
