#pragma once
// Runs a program to its end for a test's set-up, and waits.

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace cockpit::test {

struct ProgramResult {
    int exit_code = -1;  ///< -1: it did not start, or a signal or the time limit (60 s) ended it
    std::string output;  ///< both outputs, in order
};

/// The environment is PATH and HOME and what is given.
ProgramResult run_program(std::vector<std::string> arguments,
                          std::map<std::string, std::string> environment = {},
                          const std::filesystem::path& working_directory = "/");

/// The same; throws std::runtime_error with the output when the exit code is not 0.
std::string must_run(std::vector<std::string> arguments,
                     std::map<std::string, std::string> environment = {},
                     const std::filesystem::path& working_directory = "/");

/// A directory of its own, removed with all that is in it.
class TemporaryDirectory {
  public:
    TemporaryDirectory();
    TemporaryDirectory(const TemporaryDirectory&) = delete;
    TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
    ~TemporaryDirectory();
    const std::filesystem::path& path() const { return path_; }

  private:
    std::filesystem::path path_;
};

}  // namespace cockpit::test
