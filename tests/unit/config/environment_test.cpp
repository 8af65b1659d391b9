#include "config/environment.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

namespace cockpit::config {
namespace {

namespace fs = std::filesystem;

struct EnvFile : testing::Test {
    EnvFile() {
        std::string name = (fs::temp_directory_path() / "cockpit-env-XXXXXX").string();
        directory = ::mkdtemp(name.data());
        file = directory / ".env";
    }
    ~EnvFile() override { fs::remove_all(directory); }

    Environment read(std::string_view text) const {
        std::ofstream(file, std::ios::binary) << text;
        auto result = read_env_file(file);
        EXPECT_TRUE(result) << result.error();
        return result.value_or(Environment{});
    }
    std::string error(std::string_view text) const {
        std::ofstream(file, std::ios::binary) << text;
        const auto result = read_env_file(file);
        return result ? "read" : result.error();
    }

    fs::path directory;
    fs::path file;
};

TEST_F(EnvFile, holds_keys_and_values) {
    EXPECT_EQ(read("A=1\nB_2=two words\n_C=\n"),
              (Environment{{"A", "1"}, {"B_2", "two words"}, {"_C", ""}}));
    EXPECT_EQ(read(""), Environment{});
    EXPECT_EQ(read("A=no line end"), (Environment{{"A", "no line end"}}));
    EXPECT_EQ(read("A=1\r\nB=2\r\n"), (Environment{{"A", "1"}, {"B", "2"}}));
    EXPECT_EQ(read("A=1\nA=2\n"), (Environment{{"A", "2"}}));
    EXPECT_EQ(read("A=b=c=\n"), (Environment{{"A", "b=c="}}));
    EXPECT_EQ(read("  A  =  1  \n"), (Environment{{"A", "1"}}));
    EXPECT_EQ(read("export A=1\n  export  B=2\n"), (Environment{{"A", "1"}, {"B", "2"}}));
    EXPECT_EQ(read("exported=1\n"), (Environment{{"exported", "1"}}));
}

TEST_F(EnvFile, comments_are_skipped) {
    EXPECT_EQ(read("# A=0\n\n   # B=0\n\t\nA=1 # one\nB=1#2\n"),
              (Environment{{"A", "1"}, {"B", "1#2"}}));
}

TEST_F(EnvFile, quotes_keep_what_stands_in_them) {
    EXPECT_EQ(read(R"(A=" a # b "
B=' a # b '
C="a\"b\\c\nd\te"
D='a\nb'
E=""
F='say "hi"'
G="x" # comment
)"),
              (Environment{{"A", " a # b "},
                           {"B", " a # b "},
                           {"C", "a\"b\\c\nd\te"},
                           {"D", "a\\nb"},
                           {"E", ""},
                           {"F", "say \"hi\""},
                           {"G", "x"}}));
}

TEST_F(EnvFile, mistakes_are_told_with_file_and_line) {
    const auto at = [&](int line) { return file.string() + ":" + std::to_string(line) + ": "; };
    EXPECT_EQ(error("A=1\n\nB\n"), at(3) + "expected KEY=VALUE");
    EXPECT_EQ(error("=1\n"), at(1) + "expected KEY=VALUE");
    EXPECT_EQ(error("1A=1\n"), at(1) + "expected KEY=VALUE");
    EXPECT_EQ(error("A-B=1\n"), at(1) + "expected KEY=VALUE");
    EXPECT_EQ(error("A B=1\n"), at(1) + "expected KEY=VALUE");
    EXPECT_EQ(error("\xc3\x84=1\n"), at(1) + "expected KEY=VALUE");
    EXPECT_EQ(error("A=1\nB=\"open\n"), at(2) + "B: the closing \" is missing");
    EXPECT_EQ(error("B='open\n"), at(1) + "B: the closing ' is missing");
    EXPECT_EQ(error("B=\"open\\\"\n"), at(1) + "B: the closing \" is missing");
}

TEST_F(EnvFile, one_that_does_not_exist_is_an_error) {
    EXPECT_EQ(read_env_file(directory / "none").error(),
              "cannot read '" + (directory / "none").string() + "': No such file or directory");
}

TEST(ProcessEnvironment, is_what_the_process_was_given) {
    ASSERT_EQ(::setenv("COCKPIT_TEST_VARIABLE", "a=b c", 1), 0);
    const auto environment = process_environment();
    EXPECT_EQ(environment.at("COCKPIT_TEST_VARIABLE"), "a=b c");
    ASSERT_EQ(::unsetenv("COCKPIT_TEST_VARIABLE"), 0);
    EXPECT_FALSE(process_environment().contains("COCKPIT_TEST_VARIABLE"));
}

}  // namespace
}  // namespace cockpit::config
