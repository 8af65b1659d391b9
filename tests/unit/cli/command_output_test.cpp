#include "cli/command_output.hpp"

#include <gmock/gmock.h>

namespace cockpit::cli {
namespace {

TEST(LinePrefix, StandsBeforeEachLineHoweverBytesCome) {
    LinePrefix prefix("web-1 | ");
    EXPECT_EQ(prefix.add("one\ntw"), "web-1 | one\nweb-1 | tw");
    EXPECT_EQ(prefix.add("o"), "o");
    EXPECT_EQ(prefix.finish(), "\n");
    EXPECT_EQ(prefix.add("three\n"), "web-1 | three\n");
    EXPECT_EQ(prefix.finish(), "");
}

}  // namespace
}  // namespace cockpit::cli
