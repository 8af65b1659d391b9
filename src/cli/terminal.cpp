#include "cli/terminal.hpp"

#include <termios.h>
#include <unistd.h>

#include <cstdlib>
#include <iostream>

namespace cockpit::cli {
namespace {

bool colours_wanted() {
    static const bool wanted = [] {
        const char* none = std::getenv("NO_COLOR");
        return ::isatty(STDOUT_FILENO) == 1 && (none == nullptr || *none == '\0');
    }();
    return wanted;
}

std::string_view code_of(Colour colour) {
    switch (colour) {
        case Colour::red:
            return "31";
        case Colour::green:
            return "32";
        case Colour::yellow:
            return "33";
        case Colour::dim:
            return "2";
        case Colour::none:
            break;
    }
    return "0";
}

}  // namespace

std::string coloured(std::string_view text, Colour colour) {
    if (colour == Colour::none || !colours_wanted()) return std::string(text);
    return "\033[" + std::string(code_of(colour)) + "m" + std::string(text) + "\033[0m";
}

Colour colour_of_state(std::string_view state) {
    if (state == "success" || state == "succeeded" || state == "online") return Colour::green;
    if (state == "pending" || state == "delivered" || state == "running" || state == "paused" ||
        state == "skipped" || state == "unknown")
        return Colour::yellow;
    return Colour::red;
}

void show_progress(const std::string& text) {
    static const bool terminal = ::isatty(STDERR_FILENO) == 1;
    if (terminal) std::cerr << "\r\033[K" << text << std::flush;
}

bool confirm(const std::string& question) {
    if (::isatty(STDIN_FILENO) != 1) return false;
    std::cerr << question << " [y/N] " << std::flush;
    std::string answer;
    std::getline(std::cin, answer);
    return answer == "y" || answer == "Y" || answer == "yes";
}

std::string ask_secret(const std::string& prompt) {
    std::string secret;
    termios before{};
    const bool terminal = ::tcgetattr(STDIN_FILENO, &before) == 0;
    if (terminal) {
        auto silent = before;
        silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
        ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
        std::cerr << prompt << std::flush;
    }
    std::getline(std::cin, secret);
    if (terminal) {
        ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
        std::cerr << '\n';
    }
    return secret;
}

}  // namespace cockpit::cli
