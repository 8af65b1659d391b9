#pragma once
// A RunStore in memory that answers in the next turn and keeps to the rules of leases.

#include <algorithm>
#include <boost/asio/any_io_executor.hpp>
#include <map>

#include "fakes/answer_later.hpp"
#include "server/runs/run_store.hpp"

namespace cockpit::fakes {

class MemoryRunStore final : public runs::RunStore {
  public:
    template <typename T>
    using Done = runtime::Callback<runs::StoreResult<T>>;

    explicit MemoryRunStore(boost::asio::any_io_executor io) : io_(std::move(io)) {}

    std::map<std::string, runs::PlanRecord> plans;
    std::map<std::string, runs::Run> runs;
    bool broken = false;  ///< every call fails

    void add_plan(runs::PlanRecord plan, Done<bool> done) override {
        if (!broken) plans[plan.plan_id] = plan;
        answer(std::move(done), true);
    }
    void find_plan(std::string plan_id, Done<std::optional<runs::PlanRecord>> done) override {
        std::optional<runs::PlanRecord> found;
        if (const auto at = plans.find(plan_id); at != plans.end()) found = at->second;
        answer(std::move(done), std::move(found));
    }
    void remove_plans_before(std::int64_t expired_ms, Done<bool> done) override {
        std::erase_if(plans,
                      [&](const auto& plan) { return plan.second.expires_at_ms < expired_ms; });
        answer(std::move(done), true);
    }
    void add_run(runs::Run run, Done<bool> done) override {
        const bool taken = std::ranges::any_of(runs, [&](const auto& other) {
            const auto& record = other.second.record;
            const bool same_key = run.record.idempotency_key &&
                                  record.created_by == run.record.created_by &&
                                  record.idempotency_key == run.record.idempotency_key;
            return same_key || (run.record.plan_id && record.plan_id == run.record.plan_id);
        });
        if (!taken && !broken) {
            run.record.id = static_cast<std::int64_t>(runs.size()) + 1;
            runs[run.record.run_id] = std::move(run);
        }
        answer(std::move(done), !taken);
    }
    void find_run(std::string run_id, Done<std::optional<runs::Run>> done) override {
        std::optional<runs::Run> found;
        if (const auto at = runs.find(run_id); at != runs.end()) found = at->second;
        answer(std::move(done), std::move(found));
    }
    void find_run_by_key(std::string created_by, std::string key,
                         Done<std::optional<runs::RunRecord>> done) override {
        std::optional<runs::RunRecord> found;
        for (const auto& [id, run] : runs) {
            if (run.record.created_by == created_by && run.record.idempotency_key == key) {
                found = run.record;
            }
        }
        answer(std::move(done), std::move(found));
    }
    void find_run_of_plan(std::string plan_id, Done<std::optional<runs::RunRecord>> done) override {
        std::optional<runs::RunRecord> found;
        for (const auto& [id, run] : runs) {
            if (run.record.plan_id == plan_id) found = run.record;
        }
        answer(std::move(done), std::move(found));
    }
    void list_runs(int limit, std::optional<std::int64_t> before_id,
                   Done<runs::RunPage> done) override {
        runs::RunPage page;
        for (const auto& [id, run] : runs) {
            if (!before_id || run.record.id < *before_id) page.runs.push_back(run.record);
        }
        std::ranges::sort(page.runs, std::greater(), &runs::RunRecord::id);
        page.more = page.runs.size() > static_cast<std::size_t>(limit);
        if (page.more) page.runs.resize(static_cast<std::size_t>(limit));
        answer(std::move(done), std::move(page));
    }
    void wish(std::string run_id, runs::Wish wish, std::string by, Done<bool> done) override {
        auto* record = open(run_id);
        bool taken = record != nullptr && record->wish != runs::Wish::cancel;
        if (taken && wish == runs::Wish::resume) {
            taken = record->wish == runs::Wish::pause ||
                    (!record->wish && record->progress.state == runs::RunState::paused);
        }
        if (taken && !broken) {
            record->wish = wish;
            record->wished_by = std::move(by);
        }
        answer(std::move(done), taken);
    }
    void open_runs(std::string owner, std::int64_t now_ms,
                   Done<std::vector<runs::RunRecord>> done) override {
        std::vector<runs::RunRecord> found;
        for (const auto& [id, run] : runs) {
            const auto& record = run.record;
            if (!record.ended_at_ms &&
                (record.lease_owner == owner || record.lease_until_ms < now_ms)) {
                found.push_back(record);
            }
        }
        answer(std::move(done), std::move(found));
    }
    void lease_run(std::string run_id, std::string owner, std::int64_t now_ms,
                   std::int64_t until_ms, Done<bool> done) override {
        auto* record = open(run_id);
        const bool leased =
            record != nullptr && (record->lease_owner == owner || record->lease_until_ms < now_ms);
        if (leased && !broken) {
            record->lease_owner = owner;
            record->lease_until_ms = until_ms;
        }
        answer(std::move(done), leased);
    }
    void change_run(runs::RunChange change, Done<bool> done) override {
        auto* record = open(change.run_id);
        const bool ours = record != nullptr && record->lease_owner == change.owner;
        if (ours && !broken) {
            record->progress = change.progress;
            record->ended_at_ms = change.ended_at_ms;
            record->lease_until_ms = change.lease_until_ms;
            if (record->wish == change.done_wish) record->wish.reset();
            for (auto& [ordinal, host] : change.hosts)
                runs.at(change.run_id).hosts.at(ordinal) = host;
        }
        answer(std::move(done), ours);
    }

  private:
    runs::RunRecord* open(const std::string& run_id) {
        const auto found = runs.find(run_id);
        if (found == runs.end() || found->second.record.ended_at_ms) return nullptr;
        return &found->second.record;
    }
    template <typename T>
    void answer(Done<T> done, std::type_identity_t<T> value) {
        answer_later(io_, std::move(done), std::move(value), broken);
    }

    boost::asio::any_io_executor io_;
};

}  // namespace cockpit::fakes
