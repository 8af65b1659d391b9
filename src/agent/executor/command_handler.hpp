#pragma once
// One kind of command this host can do. executor owns this interface, agent/commands implements it.
// Everything on the one thread.

#include <boost/json/object.hpp>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "protocol/command_schema.hpp"
#include "protocol/command_state.hpp"

namespace cockpit::executor {

/// How an execution ended.
struct Outcome {
    protocol::CommandState state;      ///< success, error, timeout, cancelled or cancel_failed
    std::string output;                ///< bytes as they came, at most the handler's limit
    std::optional<std::string> error;  ///< a sentence for a person; absent on success
    std::optional<int> exit_code;
};

enum class StopReason { timeout, cancelled };

/// A command that runs. Destroying it ends what still runs, at once.
class Execution {
  public:
    virtual ~Execution() = default;
    /// Asks it to end, gently first, then by force. `done` still comes, when all of it is gone,
    /// with the state that `reason` names (or cancel_failed). Calling it again changes nothing.
    virtual void stop(StopReason reason) = 0;
};

class CommandHandler {
  public:
    virtual ~CommandHandler() = default;
    virtual const protocol::CommandSchema& schema() const = 0;

    /// The host owner's own rules (allowed paths, names), for parameters that fit the schema. The
    /// error is a sentence for whoever sent the command; it becomes `refused` and nothing runs.
    virtual std::expected<void, std::string> allows(const boost::json::object& params) const = 0;

    /// Two executions with the same resource never run at the same time; nothing: no such bound.
    virtual std::optional<std::string> resource(const boost::json::object& params) const = 0;

    using Done = std::move_only_function<void(Outcome)>;
    /// Starts. `done` is called exactly once, later, never from inside start(), unless the
    /// Execution is destroyed first. The executor watches the time limit and calls stop().
    virtual std::unique_ptr<Execution> start(const boost::json::object& params, Done done) = 0;
};

using CommandHandlers = std::vector<std::unique_ptr<CommandHandler>>;

}  // namespace cockpit::executor
