#pragma once
// The executor's journal on the disk. Records given in one turn of the loop, or while the disk is
// busy, are written and synced together, on the blocking pool.

#include <boost/asio/any_io_executor.hpp>
#include <expected>
#include <filesystem>
#include <memory>
#include <string>

#include "agent/executor/journal.hpp"
#include "runtime/blocking_pool.hpp"
#include "runtime/clock.hpp"

namespace cockpit::journal {

struct Opened {
    std::unique_ptr<executor::Journal> journal;
    executor::JournalContents contents;
};

/// Opens `directory`/journal, made when there is none; logs what it had to repair. Blocks: for the
/// start of the program. The pool must end (join) before the journal dies; what is appended after
/// that is lost.
std::expected<Opened, std::string> open_journal(const std::filesystem::path& directory,
                                                const boost::asio::any_io_executor& io,
                                                runtime::BlockingPool& pool,
                                                const runtime::Clock& clock);

}  // namespace cockpit::journal
