#pragma once
// Where the output of commands is read from while it is sent to the server. executor owns this
// interface, agent/app implements it over the spools. Everything on the one thread; what is slow
// happens elsewhere and calls back.

#include <cstdint>
#include <expected>
#include <functional>
#include <limits>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "protocol/ids.hpp"
#include "runtime/await_callback.hpp"

namespace cockpit::executor {

/// Which bytes to read: the first ones at or after `from` that are kept and wanted. Beyond `head`
/// nothing is wanted that is older than `tail` bytes before the end.
struct OutputWish {
    std::int64_t from = 0;
    std::int64_t at_most = 0;
    std::int64_t head = std::numeric_limits<std::int64_t>::max();
    std::int64_t tail = std::numeric_limits<std::int64_t>::max();
    bool watch = false;  ///< says once that there is more (on_growth) than this read saw

    bool operator==(const OutputWish&) const = default;
};
/// The first offset at or after `from` that is wanted of an output with so many bytes.
std::int64_t first_wanted(const OutputWish& wish, std::int64_t total);

struct OutputPart {
    std::int64_t offset = 0;  ///< at or after the wish's `from`; between them nothing is kept or
                              ///< wanted
    std::string bytes;        ///< none at the end, and where it was overwritten while it was read
    std::int64_t total = 0;   ///< bytes that the command has written
    std::int64_t kept_head = 0;  ///< kept are the bytes before it
    std::int64_t kept_from = 0;  ///< and those from here on
};

/// An output that was there when the agent started.
struct KeptOutput {
    protocol::AttemptId attempt;
    std::optional<std::int64_t> acknowledged;  ///< as saved; unset: none of it was ever sent
    std::int64_t total = 0;
    std::int64_t written_at_ms = 0;  ///< when its last byte came, wall clock
};

class OutputSource {
  public:
    virtual ~OutputSource() = default;

    /// At start: what earlier runs of the agent left.
    virtual std::vector<KeptOutput> kept() = 0;

    /// `done` comes later. The error is a sentence; there is also an error when nothing is kept of
    /// this attempt.
    using Read = std::expected<OutputPart, std::string>;
    virtual void read(const protocol::AttemptId& attempt, const OutputWish& wish,
                      runtime::Callback<Read> done) = 0;

    /// Called when there is more than a watching read has seen; possibly without need.
    virtual void on_growth(std::function<void(const protocol::AttemptId&)> grown) = 0;

    /// Remembers how far the server has it, for the next run of the agent. A lost value costs
    /// sends.
    virtual void save_acknowledged(const protocol::AttemptId& attempt, std::int64_t offset) = 0;

    /// Removes what is older or more than the host's owner wants to keep, but for `busy`.
    virtual void discard_old(std::set<protocol::AttemptId> busy) = 0;
};

}  // namespace cockpit::executor
