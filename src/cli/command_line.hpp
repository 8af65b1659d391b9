#pragma once
// The command line of cockpitctl.

namespace cockpit::cli {

/// Does what it says; returns the exit code (see Exit).
int run_command_line(int argc, char** argv);

}  // namespace cockpit::cli
