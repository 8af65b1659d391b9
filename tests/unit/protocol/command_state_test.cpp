#include "protocol/command_state.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace cockpit::protocol {
namespace {

using enum CommandState;

constexpr std::array all{pending,   delivered,     running,     success, error,  timeout,
                         cancelled, cancel_failed, interrupted, expired, refused};
constexpr std::array<std::string_view, all.size()> words{
    "pending",   "delivered",     "running",     "success", "error",  "timeout",
    "cancelled", "cancel_failed", "interrupted", "expired", "refused"};

TEST(CommandState, has_the_words_that_the_database_and_the_api_show) {
    for (std::size_t i = 0; i < all.size(); ++i) {
        EXPECT_EQ(to_text(all[i]), words[i]);
        EXPECT_EQ(parse_command_state(words[i]), all[i]);
    }
    for (const auto* text : {"", "Pending", "SUCCESS", "done", "success ", "unknown"}) {
        EXPECT_EQ(parse_command_state(text), std::nullopt) << text;
    }
}

TEST(CommandState, all_but_the_first_three_are_final) {
    for (std::size_t i = 0; i < all.size(); ++i)
        EXPECT_EQ(is_final(all[i]), i >= 3) << words[i];
}

TEST(CommandState, only_ever_moves_forward) {
    // A row for each state: what may follow it, in the order of `all`.
    constexpr std::array<std::string_view, all.size()> matrix{
        // pdrseTcCiXR
        ".xxxxxxxxxx",  // pending
        "..xxxxxxxxx",  // delivered
        "...xxxxxxxx",  // running
        "...........",  // success
        "...........",  // error
        "...........",  // timeout
        "...........",  // cancelled
        "...........",  // cancel_failed
        "...........",  // interrupted
        "...........",  // expired
        "...........",  // refused
    };
    for (std::size_t from = 0; from < all.size(); ++from) {
        for (std::size_t to = 0; to < all.size(); ++to) {
            EXPECT_EQ(may_follow(all[from], all[to]), matrix[from][to] == 'x')
                << words[from] << " to " << words[to];
        }
    }
}

}  // namespace
}  // namespace cockpit::protocol
