#pragma once
// The server's composition root: builds every object by hand, in order, and stops them in reverse.

#include "config/server_settings.hpp"

namespace cockpit::server {

/// Runs the server until SIGTERM or SIGINT; a second signal ends it at once. Prints the address,
/// and the first log-in where one was made, to standard output. Returns the exit code.
int run(const config::ServerSettings& settings, bool standalone);

}  // namespace cockpit::server
