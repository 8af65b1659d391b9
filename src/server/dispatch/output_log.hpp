#pragma once
// The output of commands on its way from hosts to whoever reads it: keeps each piece, tells the
// host what to send next, wakes the readers, and asks hosts for what is not kept here.
//
// Pure: events, ports and a clock. One thread. Must outlive the callbacks of its ports.

#include <cstdint>
#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "protocol/output_messages.hpp"
#include "runtime/clock.hpp"
#include "server/dispatch/agent_link.hpp"
#include "server/dispatch/output_store.hpp"

namespace cockpit::dispatch {

/// Wakes one reader; nobody is woken once it is gone.
class OutputWatch {
  public:
    virtual ~OutputWatch() = default;
};

class OutputLog {
  public:
    struct Settings {
        std::int64_t limit_bytes = 1 << 20;  ///< of each attempt; see NewOutput
        std::int64_t ask_again_ms = 2'000;   ///< what a host did not answer
        std::int64_t give_up_ms = 10'000;
    };
    OutputLog(Settings settings, const runtime::Clock& clock, OutputStore& store, AgentLink& link);
    ~OutputLog();

    /// News of a host whose signature was verified. `settled` as in Dispatcher.
    void on_output(const protocol::Output& news, runtime::Callback<bool> settled);
    /// The answer of a host, verified, to what fetch() asked. One that nobody waits for is dropped.
    void on_fetched(const protocol::Output& answer);
    /// There may be something new to read of this command: output, or how it stands.
    void on_news(const protocol::CommandId& command);

    /// `woken` is called, until the watch is destroyed, whenever on_news() is right for the
    /// command. It must not destroy the watch.
    std::unique_ptr<OutputWatch> watch(const protocol::CommandId& command,
                                       std::function<void()> woken);

    using Fetched = std::expected<OutputPiece, std::string>;
    /// Asks the host for bytes of its spool, again while no answer comes, until `give_up_ms` are
    /// over. The error is a sentence for whoever asked. Fewer bytes than asked for: there are no
    /// more, or the host sends less at once; none: `offset` is the end.
    void fetch(const protocol::AgentId& agent, const protocol::AttemptId& attempt,
               std::int64_t offset, std::int64_t length, runtime::Callback<Fetched> done);

    /// To be called about once a second.
    void on_tick();

  private:
    struct Question {
        protocol::Fetch fetch;
        std::int64_t asked_ms = 0;  ///< steady, the last time
        std::int64_t since_ms = 0;
        runtime::Callback<Fetched> done;
    };
    using Readers = std::multimap<std::string, std::function<void()>>;
    class Watch;

    const Settings settings_;
    const runtime::Clock& clock_;
    OutputStore& store_;
    AgentLink& link_;
    std::shared_ptr<Readers> readers_;  ///< shared with each watch
    std::map<std::string, Question> questions_;
};

}  // namespace cockpit::dispatch
