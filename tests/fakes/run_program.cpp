#include "fakes/run_program.hpp"

#include <stdlib.h>

#include <boost/asio.hpp>
#include <stdexcept>

#include "runtime/child_process.hpp"

namespace cockpit::test {
namespace {

boost::asio::awaitable<runtime::ExitStatus> wait_for(runtime::ChildProcess& child) {
    co_return co_await child.wait();
}

}  // namespace

ProgramResult run_program(std::vector<std::string> arguments,
                          std::map<std::string, std::string> environment,
                          const std::filesystem::path& working_directory) {
    environment.emplace("PATH", "/usr/local/bin:/usr/local/sbin:/usr/bin:/usr/sbin:/bin:/sbin");
    environment.emplace("HOME", "/nonexistent");
    ProgramResult result;
    boost::asio::io_context io;
    auto child = runtime::ChildProcess::start(
        io.get_executor(), {.arguments = std::move(arguments),
                            .environment = std::move(environment),
                            .working_directory = working_directory,
                            .on_stdout = [&](std::string_view bytes) { result.output += bytes; },
                            .on_stderr = {},
                            .stderr_to_stdout = true});
    if (!child) return {.exit_code = -1, .output = child.error()};
    boost::asio::co_spawn(io, wait_for(**child),
                          [&](std::exception_ptr, runtime::ExitStatus status) {
                              result.exit_code = status.exit_code.value_or(-1);
                          });
    io.run_for(std::chrono::seconds(60));
    return result;
}

std::string must_run(std::vector<std::string> arguments,
                     std::map<std::string, std::string> environment,
                     const std::filesystem::path& working_directory) {
    std::string line;
    for (const auto& argument : arguments)
        line += argument + " ";
    auto result = run_program(std::move(arguments), std::move(environment), working_directory);
    if (result.exit_code != 0) {
        throw std::runtime_error(line + "failed with " + std::to_string(result.exit_code) + ": " +
                                 result.output);
    }
    return std::move(result.output);
}

TemporaryDirectory::TemporaryDirectory() {
    std::string name = (std::filesystem::temp_directory_path() / "cockpit-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
    path_ = name;
}

TemporaryDirectory::~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

}  // namespace cockpit::test
