#include "config/reader.hpp"

#include <gtest/gtest.h>

namespace cockpit::config {
namespace {

using Strings = std::vector<std::string>;

TEST(Reader, an_empty_value_counts_as_not_set) {
    const Environment environment{{"SET", "x"}, {"EMPTY", ""}};
    Reader reader(environment);
    EXPECT_EQ(reader.text("SET", "f"), "x");
    EXPECT_EQ(reader.text("EMPTY", "f"), "f");
    EXPECT_EQ(reader.text("ABSENT", "f"), "f");
    EXPECT_EQ(reader.optional_text("SET"), "x");
    EXPECT_EQ(reader.optional_text("EMPTY"), std::nullopt);
    EXPECT_EQ(reader.integer("EMPTY", 7, 0, 9), 7);
    EXPECT_TRUE(reader.boolean("EMPTY", true));
    EXPECT_EQ(reader.list("EMPTY"), Strings{});
    EXPECT_EQ(reader.choice("EMPTY", "a", {"a", "b"}), "a");
    EXPECT_EQ(reader.errors(), Strings{});
}

TEST(Reader, integers_have_bounds) {
    const Environment environment{{"LOW", "1"},
                                  {"HIGH", "65535"},
                                  {"NEGATIVE", "-3"},
                                  {"ZERO", "0"},
                                  {"OVER", "65536"},
                                  {"WORD", "ten"},
                                  {"FLOAT", "1.5"},
                                  {"TAIL", "5s"},
                                  {"SPACE", " 5"},
                                  {"PLUS", "+5"},
                                  {"HUGE", "99999999999999999999"}};
    Reader reader(environment);
    EXPECT_EQ(reader.integer("LOW", 7, 1, 65535), 1);
    EXPECT_EQ(reader.integer("HIGH", 7, 1, 65535), 65535);
    EXPECT_EQ(reader.integer("NEGATIVE", 7, -5, 5), -3);
    EXPECT_EQ(reader.errors(), Strings{});
    Strings expected;
    for (const std::string key :
         {"ZERO", "OVER", "WORD", "FLOAT", "TAIL", "SPACE", "PLUS", "HUGE", "NEGATIVE"}) {
        EXPECT_EQ(reader.integer(key, 7, 1, 65535), 7) << key;
        expected.push_back(key + ": '" + environment.at(key) +
                           "' is not a whole number from 1 to 65535");
    }
    EXPECT_EQ(reader.errors(), expected);
}

TEST(Reader, booleans_have_the_usual_words) {
    for (const auto* word : {"true", "TRUE", "True", "1", "yes", "on", "On"}) {
        const Environment environment{{"K", word}};
        Reader reader(environment);
        EXPECT_TRUE(reader.boolean("K", false)) << word;
        EXPECT_EQ(reader.errors(), Strings{});
    }
    for (const auto* word : {"false", "FALSE", "0", "no", "off"}) {
        const Environment environment{{"K", word}};
        Reader reader(environment);
        EXPECT_FALSE(reader.boolean("K", true)) << word;
        EXPECT_EQ(reader.errors(), Strings{});
    }
    for (const std::string word : {"2", "ja", "truee", " true", "t"}) {
        const Environment environment{{"K", word}};
        Reader reader(environment);
        EXPECT_TRUE(reader.boolean("K", true));
        EXPECT_FALSE(reader.boolean("K", false));
        const auto sentence = "K: '" + word + "' is neither true nor false";
        EXPECT_EQ(reader.errors(), (Strings{sentence, sentence}));
    }
}

TEST(Reader, lists_are_trimmed_and_without_empty_parts) {
    const Environment environment{
        {"ONE", "/srv/a"}, {"MANY", " /srv/a ,/srv/b,, \t,/srv/c d ,"}, {"COMMAS", ",,,"}};
    Reader reader(environment);
    EXPECT_EQ(reader.list("ONE"), Strings{"/srv/a"});
    EXPECT_EQ(reader.list("MANY"), (Strings{"/srv/a", "/srv/b", "/srv/c d"}));
    EXPECT_EQ(reader.list("COMMAS"), Strings{});
    EXPECT_EQ(reader.list("ABSENT"), Strings{});
}

TEST(Reader, choices_come_back_as_spelt_in_the_words) {
    const Environment environment{{"UPPER", "JSON"}, {"WRONG", "xml"}};
    Reader reader(environment);
    EXPECT_EQ(reader.choice("UPPER", "text", {"text", "json"}), "json");
    EXPECT_EQ(reader.choice("ABSENT", "text", {"text", "json"}), "text");
    EXPECT_EQ(reader.choice("WRONG", "text", {"text", "json"}), "text");
    EXPECT_EQ(reader.errors(), Strings{"WRONG: 'xml' is none of text, json"});
}

TEST(Reader, collects_every_mistake_in_order) {
    const Environment environment{{"A", "x"}, {"B", "x"}};
    Reader reader(environment);
    reader.integer("A", 0, 0, 1);
    reader.refuse("C", "is not to be");
    reader.boolean("B", false);
    EXPECT_EQ(reader.errors(), (Strings{"A: 'x' is not a whole number from 0 to 1",
                                        "C: is not to be", "B: 'x' is neither true nor false"}));
}

}  // namespace
}  // namespace cockpit::config
