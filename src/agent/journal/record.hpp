#pragma once
// The journal's records as text, and what they say together. Pure.

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "agent/executor/journal.hpp"

namespace cockpit::journal {

std::string encode(const executor::JournalRecord& record);
/// The error is a sentence.
std::expected<executor::JournalRecord, std::string> decode_record(std::string_view payload);

/// Folds records, in their order, into what is known of each attempt.
class Fold {
  public:
    void add(executor::JournalRecord record);
    executor::JournalContents take();

  private:
    std::size_t place_of(const protocol::AttemptId& attempt);
    std::map<protocol::AttemptId, std::size_t> places_;
    executor::JournalContents contents_;
};

/// Forgets what was acknowledged and has expired, and raises the horizon accordingly.
void forget_expired(executor::JournalContents& contents, std::int64_t now_ms);

/// The fewest records that fold to the same contents.
std::vector<executor::JournalRecord> to_records(const executor::JournalContents& contents);

}  // namespace cockpit::journal
