#include "agent/executor/run_queue.hpp"

#include <algorithm>

namespace cockpit::executor {

RunQueue::RunQueue(std::size_t max_running, const runtime::Clock& clock)
    : max_running_(std::max<std::size_t>(max_running, 1)),
      clock_(clock),
      self_(std::make_shared<RunQueue*>(this)) {}

RunQueue::~RunQueue() {
    *self_ = nullptr;
}

RunQueue::Slots::iterator RunQueue::find(JobId id) {
    return std::ranges::find(slots_, id, &Slot::id);
}

bool RunQueue::is_waiting(JobId id) const {
    const auto slot = std::ranges::find(slots_, id, &Slot::id);
    return slot != slots_.end() && slot->phase == Phase::waiting;
}

JobId RunQueue::add(Job job) {
    const auto id = ++last_id_;
    auto resource = job.handler->resource(job.task.params);
    slots_.push_back(Slot{.id = id, .job = std::move(job), .resource = std::move(resource)});
    start_what_may();
    return id;
}

// A job's callbacks may add or end jobs; the outermost call looks again, so that nobody is
// overlooked and no iterator is used after such a change.
void RunQueue::start_what_may() {
    look_again_ = true;
    if (looking_) return;
    looking_ = true;
    while (std::exchange(look_again_, false)) {
        if (taking_part_ >= max_running_) break;
        const auto next = std::ranges::find_if(slots_, [&](const Slot& slot) {
            return slot.phase == Phase::waiting &&
                   (!slot.resource || !busy_.contains(*slot.resource));
        });
        if (next == slots_.end()) break;
        look_again_ = true;
        turn_of(*next);
    }
    looking_ = false;
}

void RunQueue::turn_of(Slot& slot) {
    slot.phase = Phase::starting;
    ++taking_part_;
    if (slot.resource) busy_.insert(*slot.resource);
    const auto id = slot.id;
    try {
        slot.execution = slot.job.handler->start(slot.job.task, when_done(id));
    } catch (const std::exception& failure) {
        leave(find(id), {.kind = Ending::Kind::not_started,
                         .why = std::string("it could not be started: ") + failure.what()});
        return;
    }
    if (!slot.job.before_start) {
        go(id, std::nullopt);
        return;
    }
    auto before = std::move(slot.job.before_start);
    before(slot.execution->process(),
           [id, self = std::weak_ptr(self_)](std::optional<std::string> obstacle) {
               const auto queue = self.lock();
               if (queue && *queue != nullptr) (*queue)->go(id, std::move(obstacle));
           });
}

void RunQueue::go(JobId id, std::optional<std::string> obstacle) {
    const auto slot = find(id);
    if (slot == slots_.end() || slot->phase != Phase::starting) return;
    if (obstacle) {
        leave(slot, {.kind = Ending::Kind::not_started, .why = *std::move(obstacle)});
        return;
    }
    if (slot->cancel_asked) {
        leave(slot, {.kind = Ending::Kind::cancelled});
        return;
    }
    if (clock_.wall_ms() >= slot->job.start_before_ms) {
        leave(slot, {.kind = Ending::Kind::expired});
        return;
    }
    slot->phase = Phase::running;
    slot->started_ms = clock_.steady_ms();
    slot->deadline_ms = slot->started_ms + slot->job.task.timeout_ms;
    slot->execution->go();
    if (slot->job.started) slot->job.started();
}

JobId RunQueue::add_running(Job job, std::int64_t running_for_ms, Resume resume) {
    const auto id = ++last_id_;
    auto resource = job.handler != nullptr ? job.handler->resource(job.task.params) : std::nullopt;
    if (resource) busy_.insert(*resource);
    ++taking_part_;
    slots_.push_back(Slot{.id = id,
                          .job = std::move(job),
                          .resource = std::move(resource),
                          .phase = Phase::running,
                          .started_ms = clock_.steady_ms() - running_for_ms});
    slots_.back().execution = resume([this, id] { return when_done(id); });
    return id;
}

CommandHandler::Done RunQueue::when_done(JobId id) {
    return [id, self = std::weak_ptr(self_)](Outcome outcome) {
        const auto queue = self.lock();
        if (queue && *queue != nullptr) (*queue)->on_done(id, std::move(outcome));
    };
}

void RunQueue::on_done(JobId id, Outcome outcome) {
    const auto slot = find(id);
    if (slot == slots_.end()) return;
    const auto took = outcome.execution_time_ms.value_or(clock_.steady_ms() - slot->started_ms);
    leave(slot,
          {.kind = Ending::Kind::ran, .outcome = std::move(outcome), .execution_time_ms = took});
}

void RunQueue::leave(Slots::iterator slot, Ending ending) {
    if (slot->phase != Phase::waiting) {
        --taking_part_;
        if (slot->resource) busy_.erase(busy_.find(*slot->resource));
    }
    if (slot->execution) ended_executions_.push_back(std::move(slot->execution));
    auto ended = std::move(slot->job.ended);
    slots_.erase(slot);
    if (ended) ended(std::move(ending));
    start_what_may();
}

void RunQueue::cancel(JobId id) {
    const auto slot = find(id);
    if (slot == slots_.end()) return;
    slot->cancel_asked = true;
    if (slot->phase == Phase::waiting) {
        leave(slot, {.kind = Ending::Kind::cancelled});
    } else if (slot->phase == Phase::running) {
        slot->deadline_ms.reset();
        slot->execution->stop(StopReason::cancelled);
    }
}

bool RunQueue::remove(JobId id) {
    const auto slot = find(id);
    if (slot == slots_.end() || slot->phase == Phase::running) return false;
    slot->job.ended = nullptr;
    leave(slot, {.kind = Ending::Kind::cancelled});
    return true;
}

void RunQueue::cancel_running() {
    std::vector<JobId> ids;
    for (const auto& slot : slots_) {
        if (slot.phase != Phase::waiting) ids.push_back(slot.id);
    }
    for (const auto id : ids)
        cancel(id);
}

void RunQueue::cancel_waiting() {
    std::vector<JobId> ids;
    for (const auto& slot : slots_) {
        if (slot.phase == Phase::waiting) ids.push_back(slot.id);
    }
    for (const auto id : ids)
        cancel(id);
}

void RunQueue::abandon_running(const std::string& why) {
    for (;;) {
        const auto slot = std::ranges::find(slots_, Phase::running, &Slot::phase);
        if (slot == slots_.end()) return;
        slot->execution.reset();
        leave(slot, {.kind = Ending::Kind::ran,
                     .outcome = {.state = protocol::CommandState::interrupted, .error = why},
                     .execution_time_ms = clock_.steady_ms() - slot->started_ms});
    }
}

std::optional<std::int64_t> RunQueue::next_deadline_ms() const {
    const auto now = clock_.steady_ms();
    if (!ended_executions_.empty()) return now;
    std::optional<std::int64_t> next;
    const auto at = [&](std::int64_t deadline) {
        next = std::min(next.value_or(deadline), deadline);
    };
    const auto wall = clock_.wall_ms();
    for (const auto& slot : slots_) {
        if (slot.phase == Phase::running && slot.deadline_ms) at(*slot.deadline_ms);
        if (slot.phase == Phase::waiting &&
            slot.job.start_before_ms != std::numeric_limits<std::int64_t>::max()) {
            at(now + std::max<std::int64_t>(slot.job.start_before_ms - wall, 0));
        }
    }
    return next;
}

void RunQueue::on_time() {
    ended_executions_.clear();
    const auto now = clock_.steady_ms();
    const auto wall = clock_.wall_ms();
    std::vector<JobId> late;
    for (const auto& slot : slots_) {
        if (slot.phase == Phase::running && slot.deadline_ms && *slot.deadline_ms <= now) {
            late.push_back(slot.id);
        }
        if (slot.phase == Phase::waiting && slot.job.start_before_ms <= wall) {
            late.push_back(slot.id);
        }
    }
    for (const auto id : late) {
        const auto slot = find(id);
        if (slot == slots_.end()) continue;
        if (slot->phase == Phase::running) {
            slot->deadline_ms.reset();
            slot->execution->stop(StopReason::timeout);
        } else if (slot->phase == Phase::waiting) {
            leave(slot, {.kind = Ending::Kind::expired});
        }
    }
}

}  // namespace cockpit::executor
