#include "server/store/column_values.hpp"

#include <gtest/gtest.h>

namespace cockpit::store {
namespace {

using namespace std::literals;

TEST(ColumnValues, TimestampsKeepMillisecondsInUtc) {
    EXPECT_EQ(format_timestamp(0), "1970-01-01 00:00:00.000");
    EXPECT_EQ(format_timestamp(1'790'000'000'123), "2026-09-21 14:13:20.123");
    EXPECT_EQ(format_timestamp(-1), "1969-12-31 23:59:59.999");
    for (const std::int64_t ms : {std::int64_t{0}, std::int64_t{1'790'000'000'123},
                                  std::int64_t{-1}, std::int64_t{951'782'400'000}}) {
        EXPECT_EQ(parse_timestamp(format_timestamp(ms)), ms);
    }
}

TEST(ColumnValues, TimesOutsideOfFourDigitYearsAreClamped) {
    EXPECT_EQ(format_timestamp(INT64_MAX), "9999-12-31 23:59:59.999");
    EXPECT_EQ(format_timestamp(INT64_MIN), "0001-01-01 00:00:00.000");
}

TEST(ColumnValues, ReadsWhatOtherProgramsWrote) {
    const std::int64_t at = 1'790'000'000'000;
    EXPECT_EQ(parse_timestamp("2026-09-21 14:13:20"), at);
    EXPECT_EQ(parse_timestamp("2026-09-21T14:13:20Z"), at);
    EXPECT_EQ(parse_timestamp("2026-09-21 14:13:20.5"), at + 500);
    EXPECT_EQ(parse_timestamp("2026-09-21 14:13:20.123456"), at + 123);
    EXPECT_EQ(parse_timestamp("2026-09-21 14:13:20.123456789"), at + 123);
    EXPECT_EQ(parse_timestamp("2026-09-21 16:13:20+02"), at);
    EXPECT_EQ(parse_timestamp("2026-09-21 08:43:20.000-05:30"), at);
    EXPECT_EQ(parse_timestamp("2026-09-21"), at - 51'200'000);
}

TEST(ColumnValues, WhatIsNoTimeIsNothing) {
    for (const auto* text :
         {"", "yesterday", "2026-13-01 00:00:00", "2026-02-30 00:00:00", "2026-09-21 25:00:00",
          "2026-09-21 14:13", "2026-09-21 14:13:20 CET", "infinity", "2026-09-21 14:13:20+2"}) {
        EXPECT_EQ(parse_timestamp(text), std::nullopt) << text;
    }
    EXPECT_EQ(timestamp_cell(std::nullopt), std::nullopt);
}

TEST(ColumnValues, TextIsUtf8WithoutNul) {
    EXPECT_EQ(storable_text("grüße"), "grüße");
    EXPECT_EQ(storable_text("a\0b"sv),
              "a\xef\xbf\xbd"
              "b");
    EXPECT_EQ(storable_text("a\xff"sv), "a\xef\xbf\xbd");
    EXPECT_EQ(storable_text("\0\xc3"sv), "\xef\xbf\xbd\xef\xbf\xbd");
    EXPECT_EQ(std::get<std::string>(text_value("x\0"sv)), "x\xef\xbf\xbd");
}

TEST(ColumnValues, SmallIntegersAreClampedTo32Bits) {
    EXPECT_EQ(std::get<std::int64_t>(small_integer_value(5'000'000'000)), 2'147'483'647);
    EXPECT_EQ(std::get<std::int64_t>(small_integer_value(-5'000'000'000)), -2'147'483'648);
    EXPECT_TRUE(std::holds_alternative<std::monostate>(small_integer_value(std::nullopt)));
}

TEST(ColumnValues, ACellThatIsNoNumberIsAnErrorThatShowsIt) {
    Rows rows;
    rows.columns = 1;
    rows.cells = {"12x"};
    try {
        rows[0].integer(0);
        FAIL() << "no error";
    } catch (const DatabaseError& error) {
        EXPECT_STREQ(error.what(), "the database holds '12x' where a whole number belongs");
    }
}

}  // namespace
}  // namespace cockpit::store
