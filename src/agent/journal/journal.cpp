#include "agent/journal/journal.hpp"

#include <boost/asio/post.hpp>

#include "agent/journal/frame.hpp"
#include "agent/journal/journal_file.hpp"
#include "agent/journal/record.hpp"
#include "log/log.hpp"

namespace cockpit::journal {
namespace {

// All members but file_ belong to the I/O thread; file_ to the one piece of work that is under way.
class PooledJournal final : public executor::Journal,
                            public std::enable_shared_from_this<PooledJournal> {
  public:
    PooledJournal(std::unique_ptr<JournalFile> file, boost::asio::any_io_executor io,
                  runtime::BlockingPool& pool, const runtime::Clock& clock)
        : file_(std::move(file)), io_(std::move(io)), pool_(pool), clock_(clock) {}

    void append(executor::JournalRecord record, runtime::Callback<Written> written) override {
        const bool must_sync = !std::holds_alternative<executor::AcknowledgedRecord>(record);
        append_frame(frames_, encode(record));
        sync_ |= must_sync;
        waiting_.push_back(std::move(written));
        if (busy_) return;
        busy_ = true;
        boost::asio::post(io_, [self = shared_from_this()] { self->write(); });
    }

  private:
    void write() {
        auto batch =
            std::make_shared<std::vector<runtime::Callback<Written>>>(std::exchange(waiting_, {}));
        pool_.run(
            [self = shared_from_this(), frames = std::exchange(frames_, {}),
             sync = std::exchange(sync_, false)] {
                auto written = self->file_->append(frames, sync);
                if (written && self->file_->is_large()) {
                    if (auto done = self->file_->compact(self->clock_.wall_ms()); !done) {
                        log::error("the journal could not be compacted", {{"error", done.error()}});
                    }
                }
                return written;
            },
            [self = shared_from_this(), batch](Written written) {
                for (auto& callback : *batch) {
                    if (callback) callback(written);
                }
                self->busy_ = !self->waiting_.empty();
                if (self->busy_) self->write();
            });
    }

    std::unique_ptr<JournalFile> file_;
    boost::asio::any_io_executor io_;
    runtime::BlockingPool& pool_;
    const runtime::Clock& clock_;
    std::string frames_;
    bool sync_ = false;
    bool busy_ = false;
    std::vector<runtime::Callback<Written>> waiting_;
};

/// What the owner holds; work under way keeps the journal itself alive.
class Handle final : public executor::Journal {
  public:
    explicit Handle(std::shared_ptr<PooledJournal> journal) : journal_(std::move(journal)) {}
    void append(executor::JournalRecord record, runtime::Callback<Written> written) override {
        journal_->append(std::move(record), std::move(written));
    }

  private:
    std::shared_ptr<PooledJournal> journal_;
};

}  // namespace

std::expected<Opened, std::string> open_journal(const std::filesystem::path& directory,
                                                const boost::asio::any_io_executor& io,
                                                runtime::BlockingPool& pool,
                                                const runtime::Clock& clock) {
    auto opened = JournalFile::open(system_disk(), directory / "journal", clock.wall_ms());
    if (!opened) return std::unexpected(std::move(opened.error()));
    if (opened->torn_bytes > 0) {
        log::info("the journal ended in the middle of a record, which was cut off",
                  {{"bytes", opened->torn_bytes}});
    }
    if (opened->damaged > 0) {
        log::error(
            "the journal was damaged: commands issued before now are refused, since whether they "
            "ran "
            "cannot be told; the old file was kept as journal.damaged",
            {{"records", opened->damaged}});
    }
    if (!opened->uncompacted.empty()) {
        log::warning("the journal could not be compacted; it is used as it is",
                     {{"error", opened->uncompacted}});
    }
    return Opened{std::make_unique<Handle>(
                      std::make_shared<PooledJournal>(std::move(opened->file), io, pool, clock)),
                  std::move(opened->contents)};
}

}  // namespace cockpit::journal
