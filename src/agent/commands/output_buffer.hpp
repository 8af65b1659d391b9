#pragma once
// Keeps what a command writes within a bound: the beginning and the end, and in between a mark that
// says how many bytes are missing.

#include <cstddef>
#include <string>
#include <string_view>

namespace cockpit::commands {

class OutputBuffer {
  public:
    /// Keeps at most `limit` bytes, half of them from the beginning, not counting the mark.
    explicit OutputBuffer(std::size_t limit);

    void append(std::string_view bytes);
    /// What is kept: all of it, or head, "\n[... N bytes are missing here ...]\n", tail.
    std::string text() const;

  private:
    std::size_t head_limit_;
    std::size_t tail_limit_;
    std::string head_;
    std::string tail_;  // may grow to twice its limit before it is cut
    std::size_t dropped_ = 0;
};

}  // namespace cockpit::commands
