#include "agent/commands/output_buffer.hpp"

#include <algorithm>

namespace cockpit::commands {

OutputBuffer::OutputBuffer(std::size_t limit)
    : head_limit_(limit / 2), tail_limit_(limit - limit / 2) {}

void OutputBuffer::append(std::string_view bytes) {
    const auto to_head = std::min(bytes.size(), head_limit_ - head_.size());
    head_ += bytes.substr(0, to_head);
    tail_ += bytes.substr(to_head);
    // Cut rarely, so that many small writes do not move the tail each time.
    if (tail_.size() > 2 * tail_limit_) {
        const auto excess = tail_.size() - tail_limit_;
        tail_.erase(0, excess);
        dropped_ += excess;
    }
}

std::string OutputBuffer::text() const {
    const auto excess = tail_.size() - std::min(tail_.size(), tail_limit_);
    const auto missing = dropped_ + excess;
    if (missing == 0) return head_ + tail_;
    return head_ + "\n[... " + std::to_string(missing) + " bytes are missing here ...]\n" +
           tail_.substr(excess);
}

}  // namespace cockpit::commands
