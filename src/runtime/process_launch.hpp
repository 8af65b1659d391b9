#pragma once
// fork(2) and execve(2) with everything a child of ours needs settled in between. No Asio.

#include <sys/types.h>

#include <expected>
#include <string>

#include "runtime/child_process.hpp"

namespace cockpit::runtime {

/// Descriptors are the caller's to close; all are close-on-exec. -1: there is no such pipe.
struct LaunchedProcess {
    pid_t pid = -1;
    int pidfd = -1;
    int output = -1;  ///< what the child writes to its standard output
    int error = -1;
};

/// Returns once the child runs the program (execve succeeded). The error is a sentence; no process
/// and no descriptor is left then.
std::expected<LaunchedProcess, std::string> launch(const ChildSettings& settings);

}  // namespace cockpit::runtime
