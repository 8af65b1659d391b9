#pragma once
// When to ask an idle connection for a sign of life, and when to call a silent one lost. Pure: the
// caller brings the time (steady milliseconds) and does what check() says.

#include <chrono>
#include <cstdint>
#include <optional>

#include "redis/settings.hpp"

namespace cockpit::redis {

/// How long Redis may keep this command by the command's own wish: zero for most, the BLOCK time of
/// XREAD and XREADGROUP, the timeout of BLPOP and its like; nothing when it may wait for ever.
std::optional<std::chrono::milliseconds> block_time(const Command& command);

class Keepalive {
  public:
    enum class Verdict { nothing, ping, lost };

    explicit Keepalive(std::chrono::milliseconds period) : period_(period.count()) {}

    /// A connection begins.
    void begin(std::int64_t now);
    /// Bytes came, whatever they were.
    void received(std::int64_t now) { last_ = now; }
    /// The oldest command without an answer is now this one: it may take `block` and the period;
    /// nothing: for ever.
    void waiting(std::int64_t now, std::optional<std::chrono::milliseconds> block);
    /// The same, when the change came with an answer, whose arrival received() has been told.
    void next(std::optional<std::chrono::milliseconds> block) { waiting(last_, block); }
    /// No command is without an answer.
    void idle() { waiting_ = false; }

    Verdict check(std::int64_t now) const;
    /// When check() can next say something else than nothing, as things stand; at most a period
    /// away, since things may change without anybody waking the timer.
    std::int64_t next_check(std::int64_t now) const;

  private:
    std::optional<std::int64_t> due() const;

    std::int64_t period_;
    std::int64_t last_ = 0;  ///< when bytes last came, or the oldest command began
    bool waiting_ = false;
    std::optional<std::int64_t> block_ = 0;
};

}  // namespace cockpit::redis
