#pragma once
// Commands that have not ended, by host: asked of the store once a second at most, however many
// look. One thread.

#include <boost/asio/awaitable.hpp>
#include <boost/json/object.hpp>
#include <memory>

#include "runtime/clock.hpp"
#include "server/statistics/statistics_store.hpp"

namespace cockpit::api {

class OpenCounts {
  public:
    /// Both must outlive this object.
    OpenCounts(statistics::StatisticsStore& store, const runtime::Clock& clock)
        : store_(store), clock_(clock) {}

    /// By host: {"pending": 2, "running": 1}. As it was when the store answered last, where it does
    /// not now.
    boost::asio::awaitable<std::shared_ptr<const boost::json::object>> now();

  private:
    statistics::StatisticsStore& store_;
    const runtime::Clock& clock_;
    std::shared_ptr<const boost::json::object> counts_ =
        std::make_shared<const boost::json::object>();
    std::int64_t asked_ms_ = -1'000'000;
};

/// How many hosts' commands are in each state, whichever host: {"pending": 2, …}.
boost::json::object totals_of(const boost::json::object& by_host);

}  // namespace cockpit::api
