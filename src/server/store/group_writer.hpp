#pragma once
// Group commit: one thread takes all writes that wait, commits them in one transaction, and then
// answers each. A sync costs the same for one write as for a thousand, so the more wait, the
// cheaper each becomes; nothing is ever held back to wait for company.
//
// A write that the database refuses is answered with its error and the others are tried again
// without it. After a broken connection the group is tried once more if it surely was not kept;
// where that is unknown, every write of it is answered with an error.

#include <condition_variable>
#include <expected>
#include <functional>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "server/metrics/write_figures.hpp"
#include "server/store/connection.hpp"

namespace cockpit::store {

struct Write {
    std::vector<Statement> statements;
    std::optional<std::string> counted_agent;  ///< see WriteOf
    /// Called once, on the writer's thread, or inside submit() when the writer has stopped. The
    /// error is for the log. Must not throw.
    std::move_only_function<void(std::expected<std::span<const Rows>, std::string>)> answer;
};

class GroupWriter {
  public:
    explicit GroupWriter(ConnectionFactory factory);
    /// stop()
    ~GroupWriter();

    /// From any thread.
    void submit(Write write);
    /// Commits and answers what waits, then ends the thread. From any thread but the writer's.
    void stop();

    /// From any thread.
    metrics::WriteFigures figures() const;

  private:
    using Group = std::vector<Write>;
    struct Refused {
        Write write;
        std::string why;
    };

    void run();
    /// Takes up to one group from the queue; empty when the writer is to end.
    Group take();
    void commit(Group group);
    void commit_each(Group group);
    void commit_all_but(std::vector<Refused>& refused, Group group);
    bool try_commit(Group& group, std::vector<Refused>& refused);
    void fail_everything_waiting(const std::string& message);

    Session session_;
    mutable std::mutex mutex_;
    std::condition_variable arrived_;
    Group waiting_;
    metrics::WriteFigures figures_;
    bool stopping_ = false;
    std::thread thread_;
};

}  // namespace cockpit::store
