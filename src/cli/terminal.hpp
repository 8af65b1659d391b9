#pragma once
// The person's end: what is a terminal, colours, questions.

#include <string>
#include <string_view>

namespace cockpit::cli {

enum class Colour { none, red, green, yellow, dim };

/// With the colour when standard output is a terminal and NO_COLOR (https://no-color.org) is not
/// set, else the text as it is.
std::string coloured(std::string_view text, Colour colour);
/// Green for what went well, red for what did not.
Colour colour_of_state(std::string_view state);

/// Replaces the line on standard error that it wrote last; nothing where that is no terminal. An
/// empty text takes it away.
void show_progress(const std::string& text);

/// Asks on standard error. False when the answer is no, or nobody is there to answer.
bool confirm(const std::string& question);
/// A line from the terminal that is not shown, or from standard input where that is none.
std::string ask_secret(const std::string& prompt);

}  // namespace cockpit::cli
