#pragma once
// A GroupStore in memory that answers in the next turn.

#include <boost/asio/any_io_executor.hpp>
#include <map>

#include "fakes/answer_later.hpp"
#include "server/targets/group_store.hpp"

namespace cockpit::fakes {

class MemoryGroupStore final : public targets::GroupStore {
  public:
    explicit MemoryGroupStore(boost::asio::any_io_executor io) : io_(std::move(io)) {}

    std::map<std::string, targets::GroupRecord> groups;
    std::map<std::string, targets::LabelRecord> labels;
    bool broken = false;         ///< every call fails
    bool writes_broken = false;  ///< every write fails

    void load_targets(
        runtime::Callback<dispatch::StoreResult<targets::TargetRecords>> done) override {
        targets::TargetRecords records;
        for (const auto& [name, group] : groups)
            records.groups.push_back(group);
        for (const auto& [id, row] : labels)
            records.labels.push_back(row);
        answer(std::move(done), std::move(records), broken);
    }
    void add_group(targets::GroupRecord group,
                   runtime::Callback<dispatch::StoreResult<bool>> done) override {
        const bool fails = broken || writes_broken;
        const bool added = !fails && groups.emplace(group.name, group).second;
        answer(std::move(done), added, fails);
    }
    void replace_group(targets::GroupRecord group,
                       runtime::Callback<dispatch::StoreResult<bool>> done) override {
        const bool fails = broken || writes_broken;
        const auto found = groups.find(group.name);
        const bool replaced = !fails && found != groups.end();
        if (replaced) found->second = std::move(group);
        answer(std::move(done), replaced, fails);
    }
    void remove_group(std::string name,
                      runtime::Callback<dispatch::StoreResult<bool>> done) override {
        const bool fails = broken || writes_broken;
        const bool removed = !fails && groups.erase(name) > 0;
        answer(std::move(done), removed, fails);
    }
    void save_labels(targets::LabelRecord row,
                     runtime::Callback<dispatch::StoreResult<bool>> done) override {
        const bool fails = broken || writes_broken;
        if (!fails) labels[row.agent_id] = row;
        answer(std::move(done), true, fails);
    }

  private:
    template <typename T>
    void answer(runtime::Callback<dispatch::StoreResult<T>> done, std::type_identity_t<T> value,
                bool fails) {
        answer_later(io_, std::move(done), std::move(value), fails);
    }

    boost::asio::any_io_executor io_;
};

}  // namespace cockpit::fakes
