#include "agent/commands/git_command.hpp"

#include <boost/json.hpp>

#include "agent/commands/git_rules.hpp"
#include "agent/commands/immediate_execution.hpp"
#include "agent/commands/process_execution.hpp"

namespace cockpit::commands {
namespace {

using protocol::CommandState;

class GitCommand final : public executor::CommandHandler {
  public:
    GitCommand(boost::asio::any_io_executor loop, protocol::CommandSchema schema,
               GitSettings settings, GitVerb verb)
        : loop_(std::move(loop)),
          schema_(std::move(schema)),
          settings_(std::move(settings)),
          verb_(std::make_shared<const GitVerb>(std::move(verb))) {}

    const protocol::CommandSchema& schema() const override { return schema_; }

    std::expected<void, std::string> allows(const boost::json::object& params) const override {
        if (verb_->check) {
            if (auto right = verb_->check(params); !right) return right;
        }
        const auto path = repository(params);
        if (!path) return std::unexpected(path.error());
        return verb_->check_there ? verb_->check_there(*path, params)
                                  : std::expected<void, std::string>();
    }

    std::optional<std::string> resource(const boost::json::object& params) const override {
        const auto found = repository(params);
        if (!found) return std::nullopt;
        return "git:" + found->string();
    }

    std::unique_ptr<executor::Execution> start(const executor::Task& task, Done done) override {
        // Looked at again: between permission and start the command may have waited for its turn.
        const auto allowed = allows(task.params);
        const auto path = repository(task.params);
        if (!allowed || !path) {
            return immediate_execution(loop_,
                                       {.state = CommandState::error,
                                        .output = {},
                                        .error = allowed ? path.error() : allowed.error()},
                                       std::move(done));
        }
        auto command = command_for(task, *path);
        command.child = {.arguments = verb_->arguments(*path, task.params),
                         .environment = git_environment(settings_.environment, *path),
                         .working_directory = *path,
                         .on_stdout = {},
                         .on_stderr = {}};
        return start_process(loop_, std::move(command), std::move(done));
    }

    std::unique_ptr<executor::Execution> resume(const executor::Task& task,
                                                const executor::ProcessMark& process,
                                                Done done) override {
        // The owner may have taken the repository off the list since; its name is for sentences.
        const auto path = repository(task.params).value_or(text_of(task.params, "repository_path"));
        return resume_process(loop_, command_for(task, path), process, std::move(done));
    }

  private:
    ProcessCommand command_for(const executor::Task& task, const std::filesystem::path& path) {
        return {.child = {},
                .title = verb_->title,
                .time_limit = std::chrono::milliseconds(task.timeout_ms),
                .grace = settings_.grace,
                .output_limit = settings_.output_limit,
                .judge =
                    [path, params = task.params, verb = verb_](const runtime::ExitStatus& status,
                                                               std::string output) {
                        return judge(*verb, status, std::move(output), path, params);
                    },
                .keeping = settings_.keeping,
                .attempt = task.attempt};
    }

    std::expected<std::filesystem::path, std::string> repository(
        const boost::json::object& params) const {
        return find_repository(text_of(params, "repository_path"), settings_.repositories);
    }

    static executor::Outcome judge(const GitVerb& verb, const runtime::ExitStatus& status,
                                   std::string output, const std::filesystem::path& path,
                                   const boost::json::object& params) {
        if (status.success()) {
            return {.state = CommandState::success,
                    .output = verb.output ? verb.output(std::move(output)) : std::move(output),
                    .error = std::nullopt,
                    .exit_code = 0};
        }
        auto why = verb.failure(output, status.text(), path, params);
        return {.state = CommandState::error,
                .output = std::move(output),
                .error = std::move(why),
                .exit_code = status.exit_code};
    }

    boost::asio::any_io_executor loop_;
    protocol::CommandSchema schema_;
    GitSettings settings_;
    std::shared_ptr<const GitVerb> verb_;  ///< its judge outlives a handler
};

}  // namespace

std::string text_of(const boost::json::object& params, std::string_view name) {
    return std::string(params.at(name).as_string());
}

std::unique_ptr<executor::CommandHandler> create_git_command(boost::asio::any_io_executor loop,
                                                             protocol::CommandSchema schema,
                                                             GitSettings settings, GitVerb verb) {
    return std::make_unique<GitCommand>(std::move(loop), std::move(schema), std::move(settings),
                                        std::move(verb));
}

}  // namespace cockpit::commands
