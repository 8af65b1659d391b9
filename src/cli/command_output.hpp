#pragma once
// What a command writes, as it comes.

#include <optional>
#include <string>
#include <string_view>

#include "cli/session.hpp"

namespace cockpit::cli {

/// Puts a host's name before each line; bytes come in any pieces. Pure.
class LinePrefix {
  public:
    explicit LinePrefix(std::string prefix) : prefix_(std::move(prefix)) {}
    std::string add(std::string_view text);
    /// A line end where the last line has none.
    std::string finish();

  private:
    std::string prefix_;
    bool in_line_ = false;
};

/// Writes the output to standard output as it comes, from the first byte, until the command has
/// ended; a broken connection is made again at the next byte. Returns the state at the end. Where
/// standard output is a terminal, control characters are not given to it.
std::string follow_output(Session& session, const std::string& command_id,
                          std::optional<std::string> host);
/// What there is now.
void show_output(Session& session, const std::string& command_id, std::optional<std::string> host);

}  // namespace cockpit::cli
