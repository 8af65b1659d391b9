#include "agent/commands/manifest_command.hpp"

#include <boost/json.hpp>

#include "agent/commands/immediate_execution.hpp"

namespace cockpit::commands {
namespace json = boost::json;
namespace fs = std::filesystem;
namespace {

using protocol::CommandState;
using Values = std::map<std::string, std::string>;

constexpr const char* search_path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

bool below(const fs::path& path, const fs::path& root) {
    const auto [end, unused] = std::mismatch(root.begin(), root.end(), path.begin(), path.end());
    return end == root.end();
}

fs::path without_slash_at_end(fs::path path) {
    return !path.has_filename() && path.has_relative_path() ? path.parent_path() : path;
}

// The path with every symbolic link followed, so that what was checked is what the program gets.
std::expected<std::string, std::string> resolve(const protocol::ParameterSchema& parameter,
                                                const ParameterRule& rule,
                                                const std::string& given) {
    const auto refuse = [&](std::string_view why) {
        return std::unexpected("parameter '" + parameter.name + "': '" + given + "' " +
                               std::string(why));
    };
    std::error_code failed;
    const auto root = without_slash_at_end(fs::weakly_canonical(*parameter.root, failed));
    if (failed) return refuse("cannot be checked: its root " + *parameter.root + " is unreadable");
    const auto path = without_slash_at_end(fs::weakly_canonical(given, failed));
    if (failed) return refuse("cannot be followed on this host: " + failed.message());
    if (!below(path, root)) {
        return refuse("leads out of " + *parameter.root + ": on this host it is " + path.string());
    }
    if (rule.must_exist && !fs::exists(path, failed)) return refuse("does not exist on this host");
    return path.string();
}

std::expected<Values, std::string> values_of(const Manifest& manifest, const json::object& params) {
    Values values;
    for (const auto& parameter : manifest.schema.parameters) {
        const auto* value = params.if_contains(parameter.name);
        if (value == nullptr) continue;
        const auto* given = value->if_string();
        std::string text = given != nullptr ? std::string(*given) : json::serialize(*value);
        if (parameter.root) {
            auto path = resolve(parameter, manifest.rules.at(parameter.name), text);
            if (!path) return std::unexpected(path.error());
            text = *std::move(path);
        }
        values.emplace(parameter.name, std::move(text));
    }
    return values;
}

// Nothing for one that is left out, since it consists of an optional parameter without a value.
std::optional<TextTemplate::Filled> fill(const TextTemplate& text, const Values& values) {
    const auto* alone = text.only_placeholder();
    if (alone != nullptr && !values.contains(*alone)) return std::nullopt;
    return text.fill([&](const std::string& name) { return values.at(name); });
}

std::optional<std::string> made_option(const Manifest& manifest,
                                       const TextTemplate::Filled& argument) {
    if (!argument.text.starts_with('-') || !argument.begins_with ||
        manifest.rules.at(*argument.begins_with).may_begin_with_dash) {
        return std::nullopt;
    }
    return "parameter '" + *argument.begins_with +
           "' must not begin with '-' here: the program could take it for an option (the host's "
           "owner can allow it with may_begin_with_dash = true)";
}

executor::Outcome judge(const std::string& name, const runtime::ExitStatus& status,
                        std::string output) {
    if (status.success()) {
        return {.state = CommandState::success,
                .output = std::move(output),
                .error = std::nullopt,
                .exit_code = 0};
    }
    return {.state = CommandState::error,
            .output = std::move(output),
            .error = name + " failed: " + status.text(),
            .exit_code = status.exit_code};
}

}  // namespace

std::expected<runtime::ChildSettings, std::string> prepare(const Manifest& manifest,
                                                           const json::object& params) {
    const auto values = values_of(manifest, params);
    if (!values) return std::unexpected(values.error());
    runtime::ChildSettings child{.on_stdout = {}, .on_stderr = {}};
    for (const auto& argument : manifest.arguments) {
        auto filled = fill(argument, *values);
        if (!filled) continue;
        if (auto refusal = made_option(manifest, *filled)) return std::unexpected(*refusal);
        child.arguments.push_back(std::move(filled->text));
    }
    child.environment = {{"PATH", search_path},
                         {"LANG", "C.UTF-8"},
                         {"HOME", manifest.user.home},
                         {"USER", manifest.user.name}};
    for (const auto& [name, text] : manifest.environment) {
        if (auto filled = fill(text, *values)) child.environment[name] = std::move(filled->text);
    }
    child.working_directory = "/";
    if (manifest.working_directory) {
        child.working_directory = fill(*manifest.working_directory, *values)->text;
    }
    child.user = manifest.user.change;
    return child;
}

ManifestCommand::ManifestCommand(boost::asio::any_io_executor loop,
                                 std::shared_ptr<const Manifest> manifest,
                                 std::shared_ptr<Keeping> keeping)
    : loop_(std::move(loop)), manifest_(std::move(manifest)), keeping_(std::move(keeping)) {}

void ManifestCommand::replace(std::shared_ptr<const Manifest> manifest) {
    taken_away_ = manifest == nullptr;
    if (manifest) manifest_ = std::move(manifest);
}

std::expected<void, std::string> ManifestCommand::allows(const json::object& params) const {
    if (auto ready = prepare(*manifest_, params); !ready) return std::unexpected(ready.error());
    return {};
}

std::optional<std::string> ManifestCommand::resource(const json::object& params) const {
    if (!manifest_->resource) return std::nullopt;
    const auto values = values_of(*manifest_, params);
    if (!values) return std::nullopt;
    return fill(*manifest_->resource, *values)->text;
}

std::unique_ptr<executor::Execution> ManifestCommand::start(const executor::Task& task, Done done) {
    const auto not_started = [&](std::string why) {
        return immediate_execution(
            loop_, {.state = CommandState::error, .output = {}, .error = std::move(why)},
            std::move(done));
    };
    // Looked at again: while it waited for its turn the file system, or the owner's mind, may have
    // changed.
    if (taken_away_) {
        return not_started("the owner of this host took the command '" + schema().name +
                           "' away while it waited for its turn");
    }
    const auto checked = validate_parameters(schema(), task.params);
    if (!checked) {
        return not_started("the command was changed while it waited for its turn: " +
                           checked.error());
    }
    auto child = prepare(*manifest_, *checked);
    if (!child) return not_started(child.error());
    auto command = command_for(task);
    command.child = *std::move(child);
    return start_process(loop_, std::move(command), std::move(done));
}

std::unique_ptr<executor::Execution> ManifestCommand::resume(const executor::Task& task,
                                                             const executor::ProcessMark& process,
                                                             Done done) {
    return resume_process(loop_, command_for(task), process, std::move(done));
}

ProcessCommand ManifestCommand::command_for(const executor::Task& task) const {
    return {.child = {},
            .title = schema().name,
            .time_limit = std::chrono::milliseconds(task.timeout_ms),
            .judge = [name = schema().name](
                         const runtime::ExitStatus& status,
                         std::string output) { return judge(name, status, std::move(output)); },
            .keeping = keeping_,
            .attempt = task.attempt};
}

}  // namespace cockpit::commands
