#pragma once
// Runs commands beside each other: at most so many at once, one at a time per resource, the others
// in the order they came. A slow one never delays one that has nothing to do with it.
//
// Pure: driven by calls and a clock. One thread; no callback comes from inside cancel() or remove()
// of another job, but add(), on_time() and cancel() may call those of the job they are about.

#include <boost/json/object.hpp>
#include <cstdint>
#include <functional>
#include <limits>
#include <list>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "agent/executor/command_handler.hpp"
#include "runtime/clock.hpp"

namespace cockpit::executor {

using JobId = std::uint64_t;

/// How a job left the queue.
struct Ending {
    enum class Kind {
        ran,          ///< outcome says how it ended
        expired,      ///< its time to start passed while it waited
        cancelled,    ///< before it started
        not_started,  ///< what had to happen before the start failed; `why` says it
    };
    Kind kind = Kind::ran;
    Outcome outcome{};
    std::int64_t execution_time_ms = 0;
    std::string why;
};

struct Job {
    CommandHandler* handler = nullptr;
    Task task;
    std::int64_t start_before_ms = std::numeric_limits<std::int64_t>::max();  ///< wall clock

    /// Nothing, or why the job must not start.
    using Go = std::move_only_function<void(std::optional<std::string> obstacle)>;
    /// When its turn has come and its process waits for the word: the job starts once `go` is
    /// called, now or later. Empty: starts at once.
    std::move_only_function<void(std::optional<ProcessMark> process, Go go)> before_start;
    std::move_only_function<void()> started;  ///< may be empty
    std::move_only_function<void(Ending)>
        ended;  ///< exactly once, unless removed or the queue dies
};

class RunQueue {
  public:
    RunQueue(std::size_t max_running, const runtime::Clock& clock);
    RunQueue(const RunQueue&) = delete;
    RunQueue& operator=(const RunQueue&) = delete;
    ~RunQueue();

    /// Starts the job if it may start now.
    JobId add(Job job);
    /// A job that runs already and began `running_for_ms` ago, beyond all limits: it is there. No
    /// time limit is watched, since what outlived the agent does that itself. `resume` gives its
    /// execution.
    using Resume = std::move_only_function<std::unique_ptr<Execution>(
        const std::function<CommandHandler::Done()>& done)>;
    JobId add_running(Job job, std::int64_t running_for_ms, Resume resume);
    /// Waiting: ends it as cancelled. Running: asks it to stop. Unknown ids are ignored.
    void cancel(JobId id);
    /// Takes a job out that has not started, without a word. False when it runs or is unknown.
    bool remove(JobId id);
    void cancel_running();
    void cancel_waiting();
    /// Ends every running job at once, by destroying its execution, as `interrupted` with `why`.
    void abandon_running(const std::string& why);

    std::size_t running() const { return taking_part_; }
    std::size_t waiting() const { return slots_.size() - taking_part_; }
    bool is_waiting(JobId id) const;

    /// When on_time() is due, in the clock's steady milliseconds.
    std::optional<std::int64_t> next_deadline_ms() const;
    void on_time();

  private:
    enum class Phase { waiting, starting, running };
    struct Slot {
        JobId id;
        Job job;
        std::optional<std::string> resource;
        Phase phase = Phase::waiting;
        bool cancel_asked = false;
        std::int64_t started_ms = 0;  ///< steady
        std::optional<std::int64_t> deadline_ms;
        std::unique_ptr<Execution> execution;
    };
    using Slots = std::list<Slot>;

    Slots::iterator find(JobId id);
    void start_what_may();
    void turn_of(Slot& slot);
    void go(JobId id, std::optional<std::string> obstacle);
    CommandHandler::Done when_done(JobId id);
    void on_done(JobId id, Outcome outcome);
    void leave(Slots::iterator slot, Ending ending);

    std::size_t max_running_;
    const runtime::Clock& clock_;
    Slots slots_;                      ///< in the order of arrival
    std::size_t taking_part_ = 0;      ///< starting or running
    std::multiset<std::string> busy_;  ///< one each, unless resumed ones share one
    JobId last_id_ = 0;
    bool looking_ = false;
    bool look_again_ = false;
    /// An execution that calls `done` must outlive that call, so the dead are buried a turn later.
    std::vector<std::unique_ptr<Execution>> ended_executions_;
    std::shared_ptr<RunQueue*> self_;  ///< late callbacks find nobody once the queue is gone
};

}  // namespace cockpit::executor
