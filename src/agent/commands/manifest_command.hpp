#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <memory>

#include "agent/commands/manifest.hpp"
#include "agent/commands/process_execution.hpp"
#include "agent/executor/command_handler.hpp"

namespace cockpit::commands {

/// A command that the host's owner described in a file. What it was described as may change while
/// it exists: an execution goes on as it was started, one that waits for its turn is checked
/// against the new description and started by it.
class ManifestCommand final : public executor::CommandHandler {
  public:
    ManifestCommand(boost::asio::any_io_executor loop, std::shared_ptr<const Manifest> manifest,
                    std::shared_ptr<Keeping> keeping);

    /// Null: the owner took the command away. What still waits is then not started.
    void replace(std::shared_ptr<const Manifest> manifest);

    const protocol::CommandSchema& schema() const override { return manifest_->schema; }
    std::expected<void, std::string> allows(const boost::json::object& params) const override;
    std::optional<std::string> resource(const boost::json::object& params) const override;
    std::unique_ptr<executor::Execution> start(const executor::Task& task, Done done) override;
    /// Also one whose file has changed since, or is gone: it runs as it was started.
    std::unique_ptr<executor::Execution> resume(const executor::Task& task,
                                                const executor::ProcessMark& process,
                                                Done done) override;

  private:
    ProcessCommand command_for(const executor::Task& task) const;

    boost::asio::any_io_executor loop_;
    std::shared_ptr<const Manifest> manifest_;
    std::shared_ptr<Keeping> keeping_;
    bool taken_away_ = false;
};

/// What a command with these parameters, which fit the schema, would run. The error is a sentence
/// for whoever sent it: a path that leads out of its root, an option made of a value.
std::expected<runtime::ChildSettings, std::string> prepare(const Manifest& manifest,
                                                           const boost::json::object& params);

}  // namespace cockpit::commands
