#include "protocol/command_state.hpp"

#include <array>
#include <utility>

namespace cockpit::protocol {
namespace {

constexpr std::array words{
    std::pair{CommandState::pending, std::string_view("pending")},
    std::pair{CommandState::delivered, std::string_view("delivered")},
    std::pair{CommandState::running, std::string_view("running")},
    std::pair{CommandState::success, std::string_view("success")},
    std::pair{CommandState::error, std::string_view("error")},
    std::pair{CommandState::timeout, std::string_view("timeout")},
    std::pair{CommandState::cancelled, std::string_view("cancelled")},
    std::pair{CommandState::cancel_failed, std::string_view("cancel_failed")},
    std::pair{CommandState::interrupted, std::string_view("interrupted")},
    std::pair{CommandState::expired, std::string_view("expired")},
    std::pair{CommandState::refused, std::string_view("refused")},
};

}  // namespace

std::string_view to_text(CommandState state) {
    for (const auto& [value, word] : words) {
        if (value == state) return word;
    }
    return "unknown";
}

std::optional<CommandState> parse_command_state(std::string_view text) {
    for (const auto& [value, word] : words) {
        if (word == text) return value;
    }
    return std::nullopt;
}

bool is_final(CommandState state) {
    return state != CommandState::pending && state != CommandState::delivered &&
           state != CommandState::running;
}

bool may_follow(CommandState current, CommandState next) {
    if (is_final(current)) return false;
    return is_final(next) || static_cast<int>(next) > static_cast<int>(current);
}

}  // namespace cockpit::protocol
