#pragma once
// Where the output of commands is kept, piece by piece. dispatch owns this interface, server/store
// implements it. Callbacks as in command_store.hpp.
//
// Bytes of one attempt are numbered from 0. Pieces never overlap; where one begins after the end of
// the one before it, the bytes between are missing.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "protocol/ids.hpp"
#include "runtime/await_callback.hpp"
#include "server/dispatch/command_store.hpp"

namespace cockpit::dispatch {

struct OutputPiece {
    std::int64_t offset = 0;  ///< of its first byte
    std::string bytes;

    std::int64_t end() const { return offset + static_cast<std::int64_t>(bytes.size()); }
};

/// A piece as it comes from a host.
struct NewOutput {
    protocol::AttemptId attempt;
    std::string agent_id;  ///< must be the command's: pieces of another host change nothing
    OutputPiece piece;     ///< without bytes: the output ends here, and bytes before it are missing
    std::int64_t missing_before = 0;  ///< so many bytes before it will not come
    /// At most about so many bytes of an attempt are kept: the first half, and of what comes after
    /// it the last half.
    std::int64_t limit = 1 << 20;
};

struct OutputRead {
    std::vector<OutputPiece> pieces;  ///< in order; the first may begin before what was asked for
    std::int64_t end = 0;             ///< one past the last byte that is kept of this attempt
};

class OutputStore {
  public:
    virtual ~OutputStore() = default;

    /// Keeps the piece if it goes on where the kept ones end, but for what it declares as missing.
    /// Answers where they end now, so that whoever sends knows what to send next; nothing: this
    /// host has no such command, or not that attempt yet.
    virtual void add_output(NewOutput output,
                            runtime::Callback<StoreResult<std::optional<std::int64_t>>> done) = 0;
    /// Pieces that hold bytes from `from` on, at most `max_pieces` of them.
    virtual void read_output(protocol::AttemptId attempt, std::int64_t from, int max_pieces,
                             runtime::Callback<StoreResult<OutputRead>> done) = 0;
};

}  // namespace cockpit::dispatch
