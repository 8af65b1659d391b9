// What the built-in commands take, beside those of the original.

#include "agent/commands/built_in.hpp"

namespace cockpit::commands {
namespace {

using protocol::ParameterSchema;
using Type = ParameterSchema::Type;

ParameterSchema repository_path() {
    return {.name = "repository_path",
            .required = true,
            .description = "one of the host's GIT_REPO_PATH"};
}

ParameterSchema seconds(std::string name, std::string description, std::string otherwise,
                        std::int64_t most) {
    return {.name = std::move(name),
            .type = Type::integer,
            .description = std::move(description),
            .default_text = std::move(otherwise),
            .minimum = 1,
            .maximum = most};
}

protocol::CommandSchema git_revision_schema() {
    return {.name = "git_revision",
            .description = "The commit that a git work tree is at",
            .parameters = {repository_path()},
            .idempotent = true,
            .timeout_ms = 30'000};
}

protocol::CommandSchema git_rollback_schema() {
    return {.name = "git_rollback",
            .description = "Take a git work tree back to a commit it was at",
            .parameters = {repository_path(),
                           {.name = "branch",
                            .description = "the one that must be checked out",
                            .default_text = "main",
                            .max_length = 255},
                           {.name = "commit",
                            .required = true,
                            .description = "the whole commit id",
                            .max_length = 64,
                            .pattern = "[0-9a-f]{40}([0-9a-f]{24})?"}},
            .idempotent = true,
            .timeout_ms = 30'000};
}

protocol::CommandSchema health_check_schema() {
    return {.name = "health_check",
            .description = "Ask a service near this host how it is until it is well",
            .parameters = {{.name = "kind",
                            .required = true,
                            .description = "http, tcp or container",
                            .values = {"http", "tcp", "container"}},
                           {.name = "url",
                            .description = "http: http://host:port/path",
                            .max_length = 2000},
                           {.name = "status",
                            .type = Type::integer,
                            .description = "http: what is healthy, 200 when absent",
                            .minimum = 100,
                            .maximum = 599},
                           {.name = "pattern",
                            .description = "http: a POSIX extended regular expression that the "
                                           "body must have",
                            .max_length = 256},
                           {.name = "host",
                            .description = "tcp: one of the host's HEALTH_CHECK_HOSTS",
                            .max_length = 255},
                           {.name = "port",
                            .type = Type::integer,
                            .description = "tcp: where it takes connections",
                            .minimum = 1,
                            .maximum = 65'535},
                           {.name = "container",
                            .description = "container: one of the host's DOCKER_CONTAINER_NAME",
                            .max_length = 255},
                           {.name = "retries",
                            .type = Type::integer,
                            .description = "tries after the first one",
                            .default_text = "10",
                            .minimum = 0,
                            .maximum = 1000},
                           seconds("interval_s", "seconds between two tries", "2", 600),
                           seconds("deadline_s", "seconds for all of it", "60", 3600)},
            .idempotent = true,
            // Its own deadline comes first.
            .timeout_ms = 3'660'000};
}

}  // namespace

const std::vector<protocol::CommandSchema>& built_in_schemas() {
    static const auto all = [] {
        auto list = protocol::original_commands();
        list.push_back(git_revision_schema());
        list.push_back(git_rollback_schema());
        list.push_back(health_check_schema());
        return list;
    }();
    return all;
}

}  // namespace cockpit::commands
