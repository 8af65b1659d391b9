#include "server/api/field.hpp"

#include <gmock/gmock.h>

#include <boost/json/parse.hpp>

namespace cockpit::api {
namespace {

const std::vector<Field> fields{
    {.name = "name", .required = true, .min_length = 1, .max_length = 8},
    {.name = "count", .type = Field::Type::integer, .min = 1, .max = 1000},
    {.name = "timeout", .type = Field::Type::number, .min = 0},
    {.name = "force", .type = Field::Type::boolean},
    {.name = "params", .type = Field::Type::object},
    {.name = "list", .type = Field::Type::text_list, .max_length = 2}};

std::string wrong(std::string_view json) {
    const auto checked = check_fields(fields, boost::json::parse(json).as_object());
    return checked ? "nothing" : checked.error();
}

std::string wrong_query(const std::vector<std::pair<std::string, std::string>>& query) {
    const auto checked = check_query(fields, query);
    return checked ? "nothing" : checked.error();
}

TEST(Fields, RightOnesAreReadBack) {
    const auto checked = check_fields(
        fields,
        boost::json::parse(
            R"({"name":"x","count":3,"timeout":0.5,"force":true,"params":{},"list":["a","b"]})")
            .as_object());
    ASSERT_TRUE(checked) << checked.error();
    EXPECT_EQ(text_of(*checked, "name"), "x");
    EXPECT_EQ(integer_of(*checked, "count"), 3);
    EXPECT_EQ(number_of(*checked, "timeout"), 0.5);
    EXPECT_EQ(boolean_of(*checked, "force"), true);
    EXPECT_THAT(*list_of(*checked, "list"), testing::ElementsAre("a", "b"));
    EXPECT_EQ(text_of(*checked, "other"), std::nullopt);
}

TEST(Fields, NullIsNotGiven) {
    EXPECT_EQ(wrong(R"({"name":"x","count":null})"), "nothing");
    EXPECT_EQ(wrong(R"({"name":null})"), "'name' is missing; it must be a string");
}

TEST(Fields, TheErrorNamesTheFieldAndWhatIsRight) {
    EXPECT_EQ(wrong("{}"), "'name' is missing; it must be a string");
    EXPECT_EQ(wrong(R"({"name":"x","nmae":1})"),
              "unknown field 'nmae'; there are name, count, timeout, force, params, list");
    EXPECT_EQ(wrong(R"({"name":1})"), "'name' must be a string");
    EXPECT_EQ(wrong(R"({"name":""})"), "'name' must not be empty");
    EXPECT_EQ(wrong(R"({"name":"123456789"})"), "'name' must have at most 8 bytes");
    EXPECT_EQ(wrong(R"({"name":"x","count":"3"})"), "'count' must be an integer");
    EXPECT_EQ(wrong(R"({"name":"x","count":3.5})"), "'count' must be an integer");
    EXPECT_EQ(wrong(R"({"name":"x","count":0})"), "'count' must be from 1 to 1000");
    EXPECT_EQ(wrong(R"({"name":"x","count":1001})"), "'count' must be from 1 to 1000");
    EXPECT_EQ(wrong(R"({"name":"x","timeout":-0.1})"), "'timeout' must be at least 0");
    EXPECT_EQ(wrong(R"({"name":"x","timeout":"1"})"), "'timeout' must be a number");
    EXPECT_EQ(wrong(R"({"name":"x","force":1})"), "'force' must be true or false");
    EXPECT_EQ(wrong(R"({"name":"x","params":[]})"), "'params' must be an object");
    EXPECT_EQ(wrong(R"({"name":"x","list":["a",1]})"), "'list' must be a list of strings");
    EXPECT_EQ(wrong(R"({"name":"x","list":["a","b","c"]})"), "'list' must have at most 2 entries");
}

TEST(Fields, AQueryIsReadByType) {
    EXPECT_EQ(wrong_query({{"name", "x"}, {"count", "3"}, {"force", "true"}, {"timeout", "1.5"}}),
              "nothing");
    EXPECT_EQ(wrong_query({{"name", "x"}, {"count", "3x"}}), "'count' must be an integer");
    EXPECT_EQ(wrong_query({{"name", "x"}, {"count", ""}}), "'count' must be an integer");
    EXPECT_EQ(wrong_query({{"name", "x"}, {"count", "99999999999999999999"}}),
              "'count' must be an integer");
    EXPECT_EQ(wrong_query({{"name", "x"}, {"timeout", "inf"}}), "'timeout' is not a finite number");
    EXPECT_EQ(wrong_query({{"name", "x"}, {"name", "y"}}), "'name' is given twice in the query");
    EXPECT_EQ(
        wrong_query({{"name", "x"}, {"limt", "1"}}),
        "unknown query parameter 'limt'; there are name, count, timeout, force, params, list");
}

}  // namespace
}  // namespace cockpit::api
