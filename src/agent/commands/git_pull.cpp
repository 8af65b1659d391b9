#include "agent/commands/git_pull.hpp"

#include <boost/json.hpp>

#include "agent/commands/git_rules.hpp"
#include "agent/commands/immediate_execution.hpp"
#include "agent/commands/process_execution.hpp"

namespace cockpit::commands {
namespace {

using protocol::CommandState;

std::string_view text_of(const boost::json::object& params, std::string_view name) {
    const auto& text = params.at(name).as_string();
    return {text.data(), text.size()};
}

class GitPull final : public executor::CommandHandler {
  public:
    GitPull(boost::asio::any_io_executor loop, protocol::CommandSchema schema,
            GitPullSettings settings)
        : loop_(std::move(loop)), schema_(std::move(schema)), settings_(std::move(settings)) {}

    const protocol::CommandSchema& schema() const override { return schema_; }

    std::expected<void, std::string> allows(const boost::json::object& params) const override {
        if (auto right = check_branch(text_of(params, "branch")); !right) return right;
        if (auto found = repository(params); !found) return std::unexpected(found.error());
        return {};
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
        command.child = {.arguments = pull_arguments(*path, branch_of(task)),
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
        const auto path =
            repository(task.params).value_or(std::string(text_of(task.params, "repository_path")));
        return resume_process(loop_, command_for(task, path), process, std::move(done));
    }

  private:
    static std::string branch_of(const executor::Task& task) {
        return std::string(text_of(task.params, "branch"));
    }

    ProcessCommand command_for(const executor::Task& task, const std::filesystem::path& path) {
        return {.child = {},
                .title = "git pull",
                .time_limit = std::chrono::milliseconds(task.timeout_ms),
                .grace = settings_.grace,
                .output_limit = settings_.output_limit,
                .judge =
                    [path, branch = branch_of(task)](const runtime::ExitStatus& status,
                                                     std::string output) {
                        return judge(status, std::move(output), path, branch);
                    },
                .keeping = settings_.keeping,
                .attempt = task.attempt};
    }

    std::expected<std::filesystem::path, std::string> repository(
        const boost::json::object& params) const {
        return find_repository(text_of(params, "repository_path"), settings_.repositories);
    }

    static executor::Outcome judge(const runtime::ExitStatus& status, std::string output,
                                   const std::filesystem::path& path, const std::string& branch) {
        if (status.success()) {
            return {.state = CommandState::success,
                    .output = pull_output(output),
                    .error = std::nullopt,
                    .exit_code = 0};
        }
        auto why = pull_failure(output, status.text(), path, branch);
        return {.state = CommandState::error,
                .output = std::move(output),
                .error = std::move(why),
                .exit_code = status.exit_code};
    }

    boost::asio::any_io_executor loop_;
    protocol::CommandSchema schema_;
    GitPullSettings settings_;
};

}  // namespace

std::unique_ptr<executor::CommandHandler> create_git_pull(boost::asio::any_io_executor loop,
                                                          protocol::CommandSchema schema,
                                                          GitPullSettings settings) {
    return std::make_unique<GitPull>(std::move(loop), std::move(schema), std::move(settings));
}

}  // namespace cockpit::commands
