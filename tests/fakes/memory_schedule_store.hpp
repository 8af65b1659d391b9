#pragma once
// A ScheduleStore in memory that answers in the next turn. Several schedulers may share it.

#include <boost/asio/any_io_executor.hpp>
#include <map>
#include <ranges>

#include "fakes/answer_later.hpp"
#include "server/schedules/schedule_store.hpp"

namespace cockpit::fakes {

class MemoryScheduleStore final : public schedules::ScheduleStore {
  public:
    using Firing = schedules::FiringRecord;
    using Key = std::pair<std::string, std::int64_t>;
    explicit MemoryScheduleStore(boost::asio::any_io_executor io) : io_(std::move(io)) {}

    std::map<std::string, schedules::ScheduleRecord> kept;
    std::map<std::string, schedules::WindowRecord> windows;
    std::map<Key, Firing> fired;
    bool broken = false;       ///< every call fails
    bool ends_broken = false;  ///< end_firing fails: as if the server died before

    void load_schedules(Done<schedules::ScheduleRecords> done) override {
        schedules::ScheduleRecords records;
        for (auto [name, record] : kept) {
            for (const auto& [key, firing] : fired)
                if (key.first == name && !firing.manual) record.last_due_ms = key.second;
            records.schedules.push_back(std::move(record));
        }
        for (const auto& [name, record] : windows)
            records.windows.push_back(record);
        answer(std::move(done), std::move(records));
    }
    void add_schedule(schedules::ScheduleRecord record, Done<bool> done) override {
        answer(std::move(done), !broken && kept.emplace(record.name, record).second);
    }
    void replace_schedule(schedules::ScheduleRecord record, Done<bool> done) override {
        const auto found = kept.find(record.name);
        const bool there = !broken && found != kept.end();
        if (there) found->second = std::move(record);
        answer(std::move(done), there);
    }
    void remove_schedule(std::string name, Done<bool> done) override {
        if (!broken) std::erase_if(fired, [&](const auto& one) { return one.first.first == name; });
        answer(std::move(done), !broken && kept.erase(name) > 0);
    }

    void add_firing(Firing record, Done<bool> done) override {
        answer(std::move(done),
               !broken && fired.emplace(Key{record.schedule, record.due_at_ms}, record).second);
    }
    void abandoned_firings(std::int64_t now_ms, Done<std::vector<Firing>> done) override {
        std::vector<Firing> found;
        for (const auto& [key, firing] : fired)
            if (firing.state == "launching" && firing.lease_until_ms < now_ms)
                found.push_back(firing);
        answer(std::move(done), std::move(found));
    }
    void take_firing(Firing firing, std::string owner, std::int64_t lease_until_ms,
                     std::int64_t now_ms, Done<bool> done) override {
        const auto found = fired.find({firing.schedule, firing.due_at_ms});
        const bool taken = !broken && found != fired.end() && found->second.state == "launching" &&
                           found->second.lease_until_ms < now_ms;
        if (taken) {
            found->second.lease_owner = std::move(owner);
            found->second.lease_until_ms = lease_until_ms;
        }
        answer(std::move(done), taken);
    }
    void end_firing(Firing firing, Done<bool> done) override {
        const auto found = fired.find({firing.schedule, firing.due_at_ms});
        const bool ended = !broken && !ends_broken && found != fired.end() &&
                           found->second.state == "launching" &&
                           found->second.lease_owner == firing.lease_owner;
        if (ended) found->second = std::move(firing);
        answer(std::move(done), ended);
    }
    void firings(std::string schedule, int limit, Done<std::vector<Firing>> done) override {
        std::vector<Firing> found;
        for (const auto& [key, firing] : fired | std::views::reverse)
            if (key.first == schedule && static_cast<int>(found.size()) < limit)
                found.push_back(firing);
        answer(std::move(done), std::move(found));
    }
    void firing_before(std::string schedule, std::int64_t due_at_ms,
                       Done<std::optional<Firing>> done) override {
        std::optional<Firing> found;
        for (const auto& [key, firing] : fired)
            if (key.first == schedule && key.second < due_at_ms &&
                (firing.state == "launching" || firing.state == "launched"))
                found = firing;
        answer(std::move(done), std::move(found));
    }

    void add_window(schedules::WindowRecord record, Done<bool> done) override {
        answer(std::move(done), !broken && windows.emplace(record.name, record).second);
    }
    void replace_window(schedules::WindowRecord record, Done<bool> done) override {
        const auto found = windows.find(record.name);
        const bool there = !broken && found != windows.end();
        if (there) found->second = std::move(record);
        answer(std::move(done), there);
    }
    void remove_window(std::string name, Done<bool> done) override {
        answer(std::move(done), !broken && windows.erase(name) > 0);
    }

  private:
    template <typename T>
    void answer(Done<T> done, std::type_identity_t<T> value) {
        answer_later(io_, std::move(done), std::move(value), broken);
    }

    boost::asio::any_io_executor io_;
};

}  // namespace cockpit::fakes
