#pragma once
// Compatibility mode: commands of the original's wire, unsigned JSON, answered in the original's
// form. They go through the same checks and the same queue as signed ones; they are not journaled,
// as the original kept nothing either, and a command id is not run again within ten minutes.
//
// Pure, one thread.

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "agent/executor/admission.hpp"
#include "agent/executor/reports.hpp"
#include "agent/executor/run_queue.hpp"
#include "runtime/clock.hpp"

namespace cockpit::executor {

class OriginalCommands {
  public:
    struct Settings {
        bool allowed = false;  ///< the owner's ALLOW_UNSIGNED
        std::size_t max_waiting = 100;
        std::int64_t memory_ms = 600'000;
        std::size_t max_remembered = 10'000;
    };
    /// `ended` is called after each command that ran to an end.
    OriginalCommands(Settings settings, const CommandHandlers& handlers, RunQueue& queue,
                     const runtime::Clock& clock, Reports& reports, std::function<void()> ended);

    void take(std::string_view message, bool shutting_down);
    void forget_old();

  private:
    void answer(const std::string& command_id, std::string_view status, std::string output,
                std::optional<std::string> error, std::int64_t execution_time_ms = 0);

    Settings settings_;
    const CommandHandlers& handlers_;
    RunQueue& queue_;
    const runtime::Clock& clock_;
    Reports& reports_;
    std::function<void()> ended_;
    std::unordered_map<std::string, std::int64_t> taken_;  ///< command id → steady time
};

}  // namespace cockpit::executor
