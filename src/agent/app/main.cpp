#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstring>
#include <exception>

#include "agent/app/app.hpp"
#include "agent/app/command_line.hpp"
#include "agent/app/owner_commands.hpp"
#include "agent/keeper/keeper.hpp"
#include "crypto/sodium.hpp"
#include "log/log.hpp"

int main(int count, char** words) {
    using namespace cockpit;
    try {
        crypto::initialize();
        if (count == 2 && std::strcmp(words[1], keeper::keep_flag) == 0) {
            ::_exit(keeper::keep(STDIN_FILENO));
        }
        std::signal(SIGPIPE, SIG_IGN);
        const auto line = agent_app::parse_command_line({words + 1, words + count});
        if (!line) {
            log::error(line.error());
            return agent_app::exit_usage;
        }
        if (line->help) return std::fputs(agent_app::help_text.data(), stdout) < 0;
        if (line->version) return std::puts("cockpit-agent " COCKPIT_VERSION) < 0;
        if (line->commands_directory) return agent_app::check_commands(*line->commands_directory);
        const auto environment = agent_app::gather_environment(*line);
        if (!environment) {
            log::error(environment.error());
            return agent_app::exit_usage;
        }
        const auto settings = config::read_agent_settings(*environment);
        if (!settings) {
            for (const auto& error : settings.error())
                log::error(error);
            return agent_app::exit_usage;
        }
        if (line->check_commands) {
            return agent_app::check_commands(settings->commands_directory);
        }
        log::configure(settings->log_level, settings->log_format);
        return agent_app::run(*settings, *environment);
    } catch (const std::exception& failure) {
        log::error("cockpit-agent cannot go on", {{"error", failure.what()}});
        return agent_app::exit_failed;
    }
}
