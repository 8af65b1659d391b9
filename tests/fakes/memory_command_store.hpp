#pragma once
// A CommandStore in memory with the rules of the real ones: it answers in the next turn, states
// only move forward, and news from another host than the row's changes nothing.

#include <algorithm>
#include <boost/asio/any_io_executor.hpp>
#include <map>
#include <ranges>

#include "fakes/answer_later.hpp"
#include "server/dispatch/command_store.hpp"

namespace cockpit::fakes {

class MemoryCommandStore final : public dispatch::CommandStore {
  public:
    explicit MemoryCommandStore(boost::asio::any_io_executor io) : io_(std::move(io)) {}

    std::vector<dispatch::CommandRecord> rows;  ///< oldest first
    std::map<std::string, std::vector<dispatch::AttemptRecord>> earlier_attempts;
    bool broken = false;  ///< every call fails
    bool silent = false;  ///< ping gets no answer

    dispatch::CommandRecord* row_of(const std::string& command_id) {
        const auto found =
            std::ranges::find(rows, command_id, &dispatch::CommandRecord::command_id);
        return found == rows.end() ? nullptr : &*found;
    }

    void insert(dispatch::CommandRecord record,
                runtime::Callback<dispatch::StoreResult<dispatch::CommandRecord>> done) override {
        record.id = static_cast<std::int64_t>(rows.size()) + 1;
        if (!broken) rows.push_back(record);
        answer(std::move(done), record);
    }
    void update(dispatch::CommandUpdate update,
                runtime::Callback<dispatch::StoreResult<dispatch::UpdateOutcome>> done) override {
        dispatch::UpdateOutcome outcome;
        auto* row = row_of(update.attempt.command.text());
        if (!broken && row != nullptr) {
            if (row->agent_id == update.agent_id && row->attempt == update.attempt.attempt &&
                !(update.only_undispatched && row->dispatched) &&
                !(update.retry_at_ms && row->cancel_requested_at_ms) &&
                protocol::may_follow(row->state, update.state)) {
                update.retry_at_ms ? begin_again(update, *row) : apply(update, *row);
                outcome.changed = true;
            }
            outcome.record = *row;
        }
        answer(std::move(done), std::move(outcome));
    }
    void mark_dispatched(
        protocol::AttemptId attempt, std::int64_t expires_at_ms,
        runtime::Callback<dispatch::StoreResult<dispatch::UpdateOutcome>> done) override {
        change(attempt.command, std::move(done), [&](dispatch::CommandRecord& row) {
            if (row.state != protocol::CommandState::pending || row.dispatched) return false;
            if (row.attempt != attempt.attempt) return false;
            row.dispatched = true;
            row.expires_at_ms = expires_at_ms;
            row.next_attempt_at_ms.reset();
            return true;
        });
    }
    void request_cancel(
        protocol::CommandId id, std::string by, std::int64_t at_ms,
        runtime::Callback<dispatch::StoreResult<dispatch::UpdateOutcome>> done) override {
        change(id, std::move(done), [&](dispatch::CommandRecord& row) {
            if (protocol::is_final(row.state)) return false;
            row.cancel_requested_at_ms = at_ms;
            row.cancel_requested_by = by;
            if (!row.dispatched) {
                row.state = protocol::CommandState::cancelled;
                row.completed_at_ms = at_ms;
            }
            return true;
        });
    }
    void find_by_key(
        std::string sent_by, std::string idempotency_key,
        runtime::Callback<dispatch::StoreResult<std::optional<dispatch::CommandRecord>>> done)
        override {
        std::optional<dispatch::CommandRecord> found;
        for (const auto& row : rows) {
            if (row.sent_by == sent_by && row.idempotency_key == idempotency_key) found = row;
        }
        answer(std::move(done), std::move(found));
    }
    void attempts(protocol::CommandId id,
                  runtime::Callback<dispatch::StoreResult<std::vector<dispatch::AttemptRecord>>>
                      done) override {
        answer(std::move(done), earlier_attempts[id.text()]);
    }
    void find(protocol::CommandId id,
              runtime::Callback<dispatch::StoreResult<std::optional<dispatch::CommandRecord>>> done)
        override {
        const auto* row = row_of(id.text());
        answer(std::move(done), row == nullptr ? std::nullopt : std::optional(*row));
    }
    void history(dispatch::HistoryQuery query,
                 runtime::Callback<dispatch::StoreResult<dispatch::HistoryPage>> done) override {
        dispatch::HistoryPage page;
        std::int64_t total = 0;
        for (const auto& row : rows | std::views::reverse) {
            if (query.agent_id && row.agent_id != *query.agent_id) continue;
            if (!lets_through(query, row)) continue;
            ++total;
            if (query.before_id && row.id >= *query.before_id) continue;
            if (std::ssize(page.records) < query.limit) {
                page.records.push_back(row);
            } else {
                page.next_before_id = page.records.back().id;
            }
        }
        const bool filtered =
            query.command || query.state || query.sent_by || query.since_ms || query.until_ms;
        if (!filtered) page.total = total;
        answer(std::move(done), std::move(page));
    }
    void open_commands(
        runtime::Callback<dispatch::StoreResult<std::vector<dispatch::CommandRecord>>> done)
        override {
        std::vector<dispatch::CommandRecord> open;
        for (const auto& row : rows) {
            if (!protocol::is_final(row.state)) open.push_back(row);
        }
        answer(std::move(done), std::move(open));
    }
    void ping(runtime::Callback<dispatch::StoreResult<bool>> done) override {
        if (silent) {
            unanswered_.push_back(std::move(done));
        } else {
            answer(std::move(done), true);
        }
    }

  private:
    static bool lets_through(const dispatch::HistoryQuery& query,
                             const dispatch::CommandRecord& row) {
        return (!query.only_open || !protocol::is_final(row.state)) &&
               (!query.command || row.command == *query.command) &&
               (!query.state || row.state == *query.state) &&
               (!query.sent_by || row.sent_by == *query.sent_by) &&
               row.sent_at_ms >= query.since_ms.value_or(row.sent_at_ms) &&
               row.sent_at_ms <= query.until_ms.value_or(row.sent_at_ms);
    }
    template <typename Change>
    void change(const protocol::CommandId& id,
                runtime::Callback<dispatch::StoreResult<dispatch::UpdateOutcome>> done,
                Change make) {
        dispatch::UpdateOutcome outcome;
        auto* row = row_of(id.text());
        if (!broken && row != nullptr) outcome = {.changed = make(*row), .record = *row};
        answer(std::move(done), std::move(outcome));
    }
    void begin_again(const dispatch::CommandUpdate& update, dispatch::CommandRecord& row) {
        earlier_attempts[row.command_id].push_back({.attempt = row.attempt,
                                                    .state = update.state,
                                                    .output = update.output,
                                                    .error = update.error});
        ++row.attempt;
        row.state = protocol::CommandState::pending;
        row.dispatched = false;
        row.next_attempt_at_ms = update.retry_at_ms;
    }
    static void apply(const dispatch::CommandUpdate& update, dispatch::CommandRecord& row) {
        row.state = update.state;
        if (protocol::is_final(update.state)) {
            row.completed_at_ms = update.at_ms;
        } else if (update.state == protocol::CommandState::running) {
            row.started_at_ms = update.at_ms;
        } else {
            row.delivered_at_ms = update.at_ms;
        }
        if (update.output) row.output = update.output;
        if (update.error) row.error = update.error;
        if (update.execution_time_ms) row.execution_time_ms = update.execution_time_ms;
        if (update.exit_code) row.exit_code = update.exit_code;
    }
    template <typename T>
    void answer(runtime::Callback<dispatch::StoreResult<T>> done, std::type_identity_t<T> value) {
        answer_later(io_, std::move(done), std::move(value), broken);
    }

    boost::asio::any_io_executor io_;
    std::vector<runtime::Callback<dispatch::StoreResult<bool>>> unanswered_;
};

}  // namespace cockpit::fakes
