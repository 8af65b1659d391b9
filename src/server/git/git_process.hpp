#pragma once
// Runs the program `git` and waits for it: for threads that may block. No shell, nothing inherited
// but what is given.

#include <atomic>
#include <chrono>
#include <expected>
#include <map>
#include <string>
#include <vector>

namespace cockpit::git {

struct GitCall {
    std::vector<std::string> arguments;  ///< after `git`
    std::map<std::string, std::string> environment;
    std::string directory;
    std::string input;  ///< its standard input
};

struct GitOutput {
    int exit_code = 0;  ///< 128 + the signal, where one ended it
    std::string output;
    std::string error;  ///< what it wrote to standard error
    bool success() const { return exit_code == 0; }
};

struct CallFailure {
    enum class Kind { not_started, too_slow, too_much, stopped };
    Kind kind;
    std::string detail;
};

/// Until when a call may last, and what ends it earlier.
struct Patience {
    std::chrono::steady_clock::time_point until;
    const std::atomic<bool>* stopping = nullptr;
};

/// Whatever it started is gone when this returns: its session is killed, at the limit and after its
/// own end. From any thread.
std::expected<GitOutput, CallFailure> run_git(const GitCall& call, const Patience& patience);

/// Of what git wrote to standard error: the first line that says what failed.
std::string words_of(const GitOutput& output);

}  // namespace cockpit::git
