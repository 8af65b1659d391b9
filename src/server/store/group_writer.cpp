#include "server/store/group_writer.hpp"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <map>

#include "server/store/command_queries.hpp"

namespace cockpit::store {
namespace {

using Kind = DatabaseError::Kind;

// Bounds what one transaction holds in memory and how long its locks are held.
constexpr std::size_t largest_group = 1'000;
// After so many refused writes in one group each of the rest gets a transaction of its own.
constexpr int most_refusals = 3;
constexpr int most_conflicts = 5;

struct Batch {
    std::vector<Statement> statements;
    std::vector<std::size_t> owners;  // statement to write; the totals at the end belong to none
};

Batch batch_of(std::vector<Write>& group) {
    Batch batch;
    std::map<std::string, std::int64_t> added;
    for (std::size_t i = 0; i < group.size(); ++i) {
        for (const auto& statement : group[i].statements) {
            batch.statements.push_back(statement);
            batch.owners.push_back(i);
        }
        if (group[i].counted_agent) ++added[*group[i].counted_agent];
    }
    for (const auto& [agent_id, rows] : added)
        batch.statements.push_back(add_to_count(agent_id, rows));
    return batch;
}

void fail_all(std::vector<Write>& group, const std::string& message) {
    for (auto& write : group)
        write.answer(std::unexpected(message));
    group.clear();
}

}  // namespace

GroupWriter::GroupWriter(ConnectionFactory factory)
    : session_(std::move(factory)), thread_([this] { run(); }) {}

GroupWriter::~GroupWriter() {
    stop();
}

void GroupWriter::submit(Write write) {
    {
        const std::lock_guard lock(mutex_);
        if (!stopping_) {
            waiting_.push_back(std::move(write));
            arrived_.notify_one();
            return;
        }
    }
    write.answer(std::unexpected("the store is closed"));
}

void GroupWriter::stop() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
        arrived_.notify_one();
    }
    if (thread_.joinable()) thread_.join();
}

metrics::WriteFigures GroupWriter::figures() const {
    const std::lock_guard lock(mutex_);
    auto figures = figures_;
    figures.waiting = static_cast<std::int64_t>(waiting_.size());
    return figures;
}

void GroupWriter::run() {
    for (Group group = take(); !group.empty(); group = take())
        commit(std::move(group));
}

GroupWriter::Group GroupWriter::take() {
    std::unique_lock lock(mutex_);
    arrived_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
    if (waiting_.size() <= largest_group) return std::exchange(waiting_, {});
    const auto end = waiting_.begin() + largest_group;
    Group group(std::make_move_iterator(waiting_.begin()), std::make_move_iterator(end));
    waiting_.erase(waiting_.begin(), end);
    return group;
}

// A refused write hears of it only when the rest of its group is committed: what it was refused for
// (a key that is taken) may stand in that very group, and whoever hears "taken" will look for it.
void GroupWriter::commit(Group group) {
    std::vector<Refused> refused;
    commit_all_but(refused, std::move(group));
    for (auto& [write, why] : refused)
        write.answer(std::unexpected(std::move(why)));
}

void GroupWriter::commit_all_but(std::vector<Refused>& refused, Group group) {
    int refusals = 0;
    int conflicts = 0;
    bool reconnected = false;
    while (!group.empty()) {
        try {
            if (try_commit(group, refused)) continue;
            if (group.size() > 1 && ++refusals > most_refusals)
                return commit_each(std::move(group));
        } catch (const DatabaseError& error) {
            if (error.kind() == Kind::lost && !std::exchange(reconnected, true)) continue;
            if (error.kind() == Kind::conflict && ++conflicts < most_conflicts) continue;
            // Nobody can say whose fault it was: find out.
            if (error.kind() == Kind::refused && group.size() > 1)
                return commit_each(std::move(group));
            fail_all(group, error.what());
            // Making a connection may take seconds each time; whoever waits should not wait for
            // several.
            if (error.kind() == Kind::unreachable) fail_everything_waiting(error.what());
        } catch (const std::exception& error) {
            fail_all(group, error.what());
        }
    }
}

void GroupWriter::commit_each(Group group) {
    for (auto& write : group) {
        Group alone;
        alone.push_back(std::move(write));
        commit(std::move(alone));
    }
}

// True when the group was committed and answered. False when a write was refused and taken out.
bool GroupWriter::try_commit(Group& group, std::vector<Refused>& refused) {
    const Batch batch = batch_of(group);
    std::vector<Rows> results;
    const auto began = std::chrono::steady_clock::now();
    try {
        results = session_.connection().transaction(batch.statements);
    } catch (const DatabaseError& error) {
        const auto statement = error.statement();
        if (error.kind() != Kind::refused || !statement || *statement >= batch.owners.size()) throw;
        const auto culprit = group.begin() + static_cast<std::ptrdiff_t>(batch.owners[*statement]);
        refused.push_back({std::move(*culprit), error.what()});
        group.erase(culprit);
        return false;
    }
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
    {
        const std::lock_guard lock(mutex_);
        figures_.group_sizes.observe(static_cast<double>(group.size()));
        figures_.seconds.observe(took.count());
    }
    std::size_t next = 0;
    for (auto& write : group) {
        const auto size = write.statements.size();
        write.answer(std::span<const Rows>(results).subspan(next, size));
        next += size;
    }
    group.clear();
    return true;
}

void GroupWriter::fail_everything_waiting(const std::string& message) {
    Group late;
    {
        const std::lock_guard lock(mutex_);
        late = std::exchange(waiting_, {});
    }
    fail_all(late, message);
}

}  // namespace cockpit::store
