#pragma once
// A StatisticsStore that answers with what a test puts there.

#include <boost/asio/any_io_executor.hpp>

#include "fakes/answer_later.hpp"
#include "server/statistics/statistics_store.hpp"

namespace cockpit::fakes {

class MemoryStatisticsStore final : public statistics::StatisticsStore {
  public:
    explicit MemoryStatisticsStore(boost::asio::any_io_executor io) : io_(std::move(io)) {}

    std::vector<statistics::Tally> ended;
    std::vector<statistics::OpenCount> open;
    statistics::DatabaseSize size;
    int times_asked = 0;  ///< for open counts
    bool broken = false;

    void tallies(
        std::int64_t from_minute, statistics::Step step,
        runtime::Callback<dispatch::StoreResult<std::vector<statistics::Tally>>> done) override {
        auto found = ended;
        std::erase_if(found, [&](const auto& tally) { return tally.minute < from_minute; });
        for (auto& tally : found)
            tally.minute -= tally.minute % minutes_of(step);
        answer(std::move(done), std::move(found));
    }
    void remove_tallies(statistics::Retention before,
                        runtime::Callback<dispatch::StoreResult<bool>> done) override {
        std::erase_if(ended, [&](const auto& tally) { return tally.minute < before.hours; });
        answer(std::move(done), true);
    }
    void open_counts(runtime::Callback<dispatch::StoreResult<std::vector<statistics::OpenCount>>>
                         done) override {
        ++times_asked;
        answer(std::move(done), open);
    }

    void database_size(
        runtime::Callback<dispatch::StoreResult<statistics::DatabaseSize>> done) override {
        answer(std::move(done), size);
    }

  private:
    template <typename T>
    void answer(runtime::Callback<dispatch::StoreResult<T>> done, std::type_identity_t<T> value) {
        answer_later(io_, std::move(done), std::move(value), broken);
    }

    boost::asio::any_io_executor io_;
};

}  // namespace cockpit::fakes
