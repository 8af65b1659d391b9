#include "agent/commands/output_buffer.hpp"

#include <gtest/gtest.h>

namespace cockpit::commands {
namespace {

TEST(OutputBuffer, keeps_all_within_its_limit) {
    OutputBuffer output(10);
    output.append("12345");
    output.append("");
    output.append("67890");
    EXPECT_EQ(output.text(), "1234567890");
}

TEST(OutputBuffer, names_what_is_missing_from_the_middle) {
    OutputBuffer output(4);
    output.append("abcdefg");
    EXPECT_EQ(output.text(), "ab\n[... 3 bytes are missing here ...]\nfg");
}

TEST(OutputBuffer, is_the_same_however_the_bytes_are_cut) {
    std::string all;
    for (int number = 0; number < 500; ++number)
        all += std::to_string(number) + " ";
    OutputBuffer at_once(100);
    at_once.append(all);
    for (const std::size_t piece : {1U, 3U, 49U, 50U, 51U, 500U}) {
        OutputBuffer output(100);
        for (std::size_t at = 0; at < all.size(); at += piece) {
            output.append(std::string_view(all).substr(at, piece));
        }
        EXPECT_EQ(output.text(), at_once.text()) << piece;
    }
    EXPECT_TRUE(at_once.text().starts_with(all.substr(0, 50) + "\n[... " +
                                           std::to_string(all.size() - 100) + " bytes"));
    EXPECT_TRUE(at_once.text().ends_with("]\n" + all.substr(all.size() - 50)));
}

}  // namespace
}  // namespace cockpit::commands
