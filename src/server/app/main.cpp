#include <exception>
#include <iostream>

#include "crypto/sodium.hpp"
#include "server/app/app.hpp"
#include "server/app/command_line.hpp"
#include "server/app/join_token.hpp"

int main(int argc, char** argv) {
    using namespace cockpit::server;
    try {
        cockpit::crypto::initialize();
        const auto line = parse_command_line(argc, argv);
        if (!line) return line.error();
        const auto settings = settings_of(*line, cockpit::config::process_environment());
        if (!settings) {
            for (const auto& error : settings.error()) {
                std::cerr << "cockpit-server: " << error << '\n';
            }
            return 2;
        }
        if (line->action == CommandLine::Action::join_token) {
            return print_join_token(*line, *settings);
        }
        return run(*settings, line->standalone);
    } catch (const std::exception& error) {
        std::cerr << "cockpit-server: " << error.what() << '\n';
        return 1;
    }
}
