#include "log/log.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

namespace cockpit::log {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

// What one call writes to standard error.
template <typename Call>
std::string written_by(Call call) {
    testing::internal::CaptureStderr();
    call();
    return testing::internal::GetCapturedStderr();
}

TEST(Log, levels_are_the_words_of_the_original) {
    EXPECT_EQ(parse_level("debug"), Level::debug);
    EXPECT_EQ(parse_level("INFO"), Level::info);
    EXPECT_EQ(parse_level("Warning"), Level::warning);
    EXPECT_EQ(parse_level("CRITICAL"), Level::error);
    EXPECT_FALSE(parse_level("loud").has_value());
}

TEST(Log, a_line_is_time_level_sentence_and_fields) {
    configure(Level::info, Format::text);
    const auto line = written_by(
        [] { info("command ended", {{"command_id", "9b2f"}, {"execution_time_ms", 12}}); });
    EXPECT_THAT(line, EndsWith("Z info command ended command_id=9b2f execution_time_ms=12\n"));
}

TEST(Log, a_value_can_neither_begin_a_line_nor_fake_a_field) {
    configure(Level::info, Format::text);
    const auto line = written_by(
        [] { warning("refused", {{"reason", "a\nb status=success \"x\""}, {"empty", ""}}); });
    EXPECT_THAT(line, HasSubstr(R"(reason="a\u000ab status=success \"x\"" empty="")"));
    EXPECT_EQ(std::ranges::count(line, '\n'), 1);
}

TEST(Log, what_is_below_the_level_is_not_written) {
    configure(Level::error, Format::text);
    EXPECT_EQ(written_by([] { warning("no"); }), "");
    EXPECT_THAT(written_by([] { error("yes"); }), HasSubstr("error yes"));
    EXPECT_THAT(written_by([] { error("yes"); }), Not(HasSubstr("no")));
}

// The last of this program: configure() has no way back from JSON but a new start.
TEST(Log, the_json_form_is_one_object_a_line) {
    configure(Level::info, Format::json);
    const auto line = written_by([] { info("a \"quoted\" word", {{"id", "x\ty"}}); });
    const auto object = boost::json::parse(line).as_object();
    EXPECT_EQ(object.at("level").as_string(), "info");
    EXPECT_EQ(object.at("message").as_string(), "a \"quoted\" word");
    EXPECT_EQ(object.at("id").as_string(), "x\ty");
}

}  // namespace
}  // namespace cockpit::log
