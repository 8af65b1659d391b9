#pragma once
// What must survive the agent's own death. executor owns this interface, agent/journal implements
// it.

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "agent/executor/command_handler.hpp"
#include "protocol/messages.hpp"
#include "runtime/await_callback.hpp"

namespace cockpit::executor {

/// The host has it and will run it.
struct AcceptedRecord {
    protocol::Run run;
};
/// It is about to start: on disk before it does, so that an attempt without this record never ran.
struct StartedRecord {
    protocol::AttemptId attempt;
    std::int64_t at_ms = 0;
    std::string boot_id;                 ///< tells a restarted agent from a restarted host
    std::optional<ProcessMark> process;  ///< that keeps it; none: a command without a process
};
/// How it ended. `expires_at_ms` says how long the attempt must be remembered.
struct FinishedRecord {
    protocol::Finished finished;
    std::int64_t expires_at_ms = 0;
};
/// It was accepted and will not run after all.
struct RefusedRecord {
    protocol::Refused refused;
    std::int64_t expires_at_ms = 0;
};
/// The server has the result; only the id is remembered until it expires.
struct AcknowledgedRecord {
    protocol::AttemptId attempt;
    std::int64_t expires_at_ms = 0;
};
/// What cannot be told any more: see JournalContents.
struct HorizonRecord {
    std::int64_t forgotten_until_ms = 0;
    std::int64_t issued_after_ms = 0;
};
using JournalRecord = std::variant<AcceptedRecord, StartedRecord, FinishedRecord, RefusedRecord,
                                   AcknowledgedRecord, HorizonRecord>;

/// One attempt as the records together tell it.
struct JournaledAttempt {
    protocol::AttemptId attempt;
    std::int64_t expires_at_ms = 0;
    std::optional<protocol::Run> run;  ///< until it ended
    std::optional<StartedRecord> started;
    std::optional<protocol::Finished> finished;  ///< until acknowledged
    std::optional<protocol::Refused> refused;    ///< until acknowledged
    bool acknowledged = false;
};

struct JournalContents {
    std::vector<JournaledAttempt> attempts;
    /// Attempts that expired up to then were forgotten: an entry that expires no later may be a
    /// repeat.
    std::int64_t forgotten_until_ms = 0;
    /// Records were lost to damage: an entry issued before then may have been run.
    std::int64_t issued_after_ms = 0;
};

class Journal {
  public:
    virtual ~Journal() = default;

    using Written = std::expected<void, std::string>;
    /// Appends in the order of the calls. `written` comes later, on the I/O thread, once the record
    /// is synced (an acknowledgement: once it is written, since losing it costs one more send), or
    /// with a sentence that says why it is not on the disk. Records of one turn of the loop share
    /// one sync. May be empty.
    virtual void append(JournalRecord record, runtime::Callback<Written> written) = 0;
};

}  // namespace cockpit::executor
