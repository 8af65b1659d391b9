#pragma once
// The executor's view of the spools on this host's disk. Reads happen on the blocking pool, one
// after the other.

#include <boost/asio/any_io_executor.hpp>
#include <filesystem>
#include <string>

#include "agent/app/growth_watch.hpp"
#include "agent/executor/output_source.hpp"
#include "agent/spool/retention.hpp"
#include "runtime/blocking_pool.hpp"
#include "runtime/clock.hpp"

namespace cockpit::agent_app {

class OutputFiles final : public executor::OutputSource {
  public:
    /// `pool` and `clock` must outlive it and the work it gave to the pool.
    OutputFiles(boost::asio::any_io_executor io, runtime::BlockingPool& pool,
                const runtime::Clock& clock, std::filesystem::path root, std::string boot_id,
                spool::Keeping keeping);

    /// Blocks: only before the loop runs.
    std::vector<executor::KeptOutput> kept() override;
    void read(const protocol::AttemptId& attempt, const executor::OutputWish& wish,
              runtime::Callback<Read> done) override;
    void on_growth(std::function<void(const protocol::AttemptId&)> grown) override {
        grown_ = std::move(grown);
    }
    void save_acknowledged(const protocol::AttemptId& attempt, std::int64_t offset) override;
    void discard_old(std::set<protocol::AttemptId> busy) override;

    /// No growth is told any more; the loop may end.
    void stop() { watch_.stop(); }

  private:
    runtime::BlockingPool& pool_;
    const runtime::Clock& clock_;
    std::filesystem::path root_;
    std::string boot_id_;
    spool::Keeping keeping_;
    std::function<void(const protocol::AttemptId&)> grown_;
    GrowthWatch watch_;
};

}  // namespace cockpit::agent_app
