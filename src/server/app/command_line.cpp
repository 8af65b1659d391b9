#include "server/app/command_line.hpp"

#include <CLI/CLI.hpp>
#include <iostream>

namespace cockpit::server {
namespace {

// "90s", "30m", "24h", "7d"; a plain number is seconds.
std::optional<std::chrono::seconds> parse_duration(const std::string& text) {
    std::size_t end = 0;
    long long number = 0;
    try {
        number = std::stoll(text, &end);
    } catch (const std::exception&) {
        return std::nullopt;
    }
    const auto unit = text.substr(end);
    const int factor = unit.empty() || unit == "s" ? 1
                       : unit == "m"               ? 60
                       : unit == "h"               ? 3600
                       : unit == "d"               ? 86400
                                                   : 0;
    if (factor == 0 || number < 1 || number > 366 * 86400LL / factor) return std::nullopt;
    return std::chrono::seconds(number * factor);
}

// unix(7): a socket's path has at most 107 characters.
constexpr std::size_t longest_socket_path = 107;

}  // namespace

std::filesystem::path standalone_redis_socket(const std::filesystem::path& state_directory) {
    return state_directory / "redis.sock";
}

std::expected<CommandLine, int> parse_command_line(int argc, char** argv) {
    CommandLine line;
    std::string lifetime = "24h";
    CLI::App app("Takes commands for hosts over HTTP and carries them to their agents.",
                 "cockpit-server");
    app.set_version_flag("--version", COCKPIT_VERSION);
    app.fallthrough();
    app.add_flag("--standalone", line.standalone,
                 "bring everything: an own Redis on a unix socket, SQLite, one local agent");
    app.add_option("--state-dir", line.state_directory,
                   "where keys and data live (COCKPIT_STATE_DIR)");
    app.add_option("--port", line.port, "port to listen on, 0 for any (PORT)");
    app.add_option("--listen", line.listen_address, "address to listen on (LISTEN_ADDRESS)");
    app.add_option("--env-file", line.env_file, "file of KEY=VALUE lines; .env here when absent");
    auto* join = app.add_subcommand("join-token", "print the lines with which a host joins");
    join->add_option("--uses", line.token_uses, "how many hosts may join with it")
        ->check(CLI::Range(1, 100'000))
        ->capture_default_str();
    join->add_option("--expires", lifetime, "how long it is good: 30m, 24h, 7d")
        ->capture_default_str();
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& stop) {
        return std::unexpected(app.exit(stop) == 0 ? 0 : 2);
    }
    if (*join) {
        line.action = CommandLine::Action::join_token;
        const auto parsed = parse_duration(lifetime);
        if (!parsed) {
            std::cerr << "--expires: '" << lifetime
                      << "' is not a time such as 30m, 24h or 7d, of at most 366 days\n";
            return std::unexpected(2);
        }
        line.token_lifetime = *parsed;
    }
    return line;
}

std::expected<config::ServerSettings, std::vector<std::string>> settings_of(
    const CommandLine& line, const config::Environment& process_environment) {
    config::Environment environment;
    const std::filesystem::path env_file = line.env_file.value_or(".env");
    if (line.env_file || std::filesystem::exists(env_file)) {
        auto read = config::read_env_file(env_file);
        if (!read) return std::unexpected(std::vector{read.error()});
        environment = *std::move(read);
    }
    for (const auto& [key, value] : process_environment)
        environment[key] = value;
    if (line.port) environment["PORT"] = std::to_string(*line.port);
    if (line.listen_address) environment["LISTEN_ADDRESS"] = *line.listen_address;
    if (line.state_directory) {
        std::error_code failed;
        const auto absolute = std::filesystem::absolute(*line.state_directory, failed);
        environment["COCKPIT_STATE_DIR"] = absolute.lexically_normal().string();
    }
    if (line.standalone) {
        if (!environment.contains("COCKPIT_STATE_DIR")) {
            return std::unexpected(std::vector<std::string>{
                "--standalone needs --state-dir DIR: everything it keeps lives there"});
        }
        const auto socket = standalone_redis_socket(environment["COCKPIT_STATE_DIR"]).string();
        if (socket.size() > longest_socket_path) {
            return std::unexpected(
                std::vector<std::string>{"--state-dir: '" + socket + "' is longer than the " +
                                         std::to_string(longest_socket_path) +
                                         " characters a socket may have; use a shorter directory"});
        }
        // Its own Redis and no other, whatever the environment says of Redis.
        std::erase_if(environment,
                      [](const auto& item) { return item.first.starts_with("REDIS_"); });
        environment["REDIS_SOCKET"] = socket;
    }
    return config::read_server_settings(environment);
}

}  // namespace cockpit::server
