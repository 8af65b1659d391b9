#pragma once

#include <string>

#include "config/server_settings.hpp"
#include "server/app/command_line.hpp"

namespace cockpit::server {

/// `cockpit-server join-token`: makes a token, keeps its hash, and prints the environment lines
/// with which a host joins. Returns the exit code. Works while servers run on the same database.
int print_join_token(const CommandLine& line, const config::ServerSettings& settings);

}  // namespace cockpit::server
