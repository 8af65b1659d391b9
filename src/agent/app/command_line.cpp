#include "agent/app/command_line.hpp"

namespace cockpit::agent_app {

const std::string_view help_text =
    "cockpit-agent: executes the commands that the owner of this host allows\n"
    "\n"
    "usage: cockpit-agent [--env-file FILE]\n"
    "       cockpit-agent --check-commands [DIR]    whether the manifests there are right\n"
    "       cockpit-agent --version | --help\n"
    "\n"
    "Settings come from the environment and from FILE, or from .env in the working directory;\n"
    "the environment wins. The most important ones:\n"
    "\n"
    "  REDIS_HOST, REDIS_PORT, REDIS_PASSWORD, REDIS_DB   where Redis is; or REDIS_URL\n"
    "  AGENT_ID, AGENT_HOSTNAME         the name of this agent; default: the host's name\n"
    "  COCKPIT_SERVER_KEY               whose commands to take (see cockpit-server join-token)\n"
    "  COCKPIT_JOIN_TOKEN               lets the server accept this host at its first start\n"
    "  COCKPIT_STATE_DIR                the agent's key and journal live here\n"
    "  GIT_REPO_PATH                    work trees that git_pull may update, comma separated\n"
    "  DOCKER_CONTAINER_NAME            containers that docker_restart may restart\n"
    "  COMMANDS_DIR                     manifests of further commands, read again on SIGHUP;\n"
    "                                   default: /etc/cockpit-agent/commands.d\n"
    "  ALLOW_UNSIGNED=true              also take unsigned commands of the original system\n"
    "\n"
    "exit codes: 0 stopped by SIGTERM or SIGINT, running commands ended or reported;\n"
    "            1 cannot go on, or a manifest is wrong (--check-commands); 2 wrong flags or "
    "settings;\n"
    "            128 + signal: a second signal ended it at once\n";

std::expected<CommandLine, std::string> parse_command_line(std::span<const char* const> words) {
    CommandLine line;
    for (std::size_t i = 0; i < words.size(); ++i) {
        const std::string_view word = words[i];
        constexpr std::string_view with_value = "--env-file=";
        if (word == "--help" || word == "-h") {
            line.help = true;
        } else if (word == "--version") {
            line.version = true;
        } else if (word == "--check-commands") {
            line.check_commands = true;
            const bool named = i + 1 < words.size() && words[i + 1][0] != '-';
            if (named) line.commands_directory = words[++i];
        } else if (word.starts_with(with_value) && word.size() > with_value.size()) {
            line.env_file = word.substr(with_value.size());
        } else if (word == "--env-file" && i + 1 < words.size()) {
            line.env_file = words[++i];
        } else if (word == "--env-file" || word == with_value) {
            return std::unexpected("--env-file needs the name of a file");
        } else {
            return std::unexpected(
                "unknown argument '" + std::string(word) +
                "'; cockpit-agent takes --env-file FILE, --check-commands [DIR], "
                "--version and --help");
        }
    }
    return line;
}

std::expected<config::Environment, std::string> gather_environment(const CommandLine& line) {
    auto environment = config::process_environment();
    const auto file = line.env_file.value_or(".env");
    std::error_code unknown;
    if (!line.env_file && !std::filesystem::exists(file, unknown)) return environment;
    auto from_file = config::read_env_file(file);
    if (!from_file) return std::unexpected(std::move(from_file.error()));
    environment.merge(*from_file);
    return environment;
}

}  // namespace cockpit::agent_app
