#pragma once
// Runs a command's handler the way the executor does.

#include <gtest/gtest.h>

#include <boost/asio.hpp>
#include <boost/json.hpp>

#include "agent/commands/built_in.hpp"
#include "agent/executor/command_handler.hpp"

namespace cockpit::commands {

class CommandRun {
  public:
    /// Parameters are validated first, which fills in the defaults.
    CommandRun(boost::asio::io_context& io, executor::CommandHandler& handler,
               const boost::json::object& params)
        : io_(io) {
        const auto checked = protocol::validate_parameters(handler.schema(), params);
        if (!checked) throw std::runtime_error(checked.error());
        execution_ = handler.start({.params = *checked, .timeout_ms = handler.schema().timeout_ms},
                                   [this](executor::Outcome outcome) {
                                       EXPECT_FALSE(starting_)
                                           << "done was called from inside start() or go()";
                                       EXPECT_FALSE(outcome_) << "done was called twice";
                                       outcome_ = std::move(outcome);
                                   });
        execution_->go();
        starting_ = false;
    }

    void stop(executor::StopReason reason) { execution_->stop(reason); }
    void destroy() { execution_.reset(); }
    bool ended() const { return outcome_.has_value(); }

    /// Turns the loop until `reached`; false after 40 seconds.
    bool turn_until(const std::function<bool()>& reached) {
        const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(40);
        while (!reached() && std::chrono::steady_clock::now() < limit) {
            io_.restart();
            io_.run_for(std::chrono::milliseconds(5));
        }
        return reached();
    }

    executor::Outcome outcome() {
        if (!turn_until([this] { return ended(); })) {
            throw std::runtime_error("the command did not end");
        }
        return *outcome_;
    }

  private:
    boost::asio::io_context& io_;
    bool starting_ = true;
    std::optional<executor::Outcome> outcome_;
    std::unique_ptr<executor::Execution> execution_;
};

inline executor::CommandHandler& handler_named(executor::CommandHandlers& handlers,
                                               std::string_view name) {
    for (auto& handler : handlers) {
        if (handler->schema().name == name) return *handler;
    }
    throw std::runtime_error("no such handler");
}

inline std::string refusal(const executor::CommandHandler& handler,
                           const boost::json::object& params) {
    const auto checked = protocol::validate_parameters(handler.schema(), params);
    if (!checked) return checked.error();
    const auto allowed = handler.allows(*checked);
    return allowed ? "allowed" : allowed.error();
}

}  // namespace cockpit::commands
