#pragma once
// Runs a child to its end for the tests of this folder.

#include <gtest/gtest.h>
#include <stdlib.h>

#include <boost/asio.hpp>
#include <filesystem>
#include <fstream>
#include <string>

#include "runtime/child_process.hpp"
#include "runtime/with_deadline.hpp"

namespace cockpit::runtime {

/// A directory of its own per test, removed afterwards.
class TemporaryDirectory {
  public:
    TemporaryDirectory() {
        std::string name = (std::filesystem::temp_directory_path() / "cockpit-XXXXXX").string();
        if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
        path_ = name;
    }
    TemporaryDirectory(const TemporaryDirectory&) = delete;
    TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
    ~TemporaryDirectory() { std::filesystem::remove_all(path_); }

    const std::filesystem::path& path() const { return path_; }

    /// A program for a child to run; `text` begins with its #! line.
    std::filesystem::path script(const std::string& name, const std::string& text) const {
        const auto file = path_ / name;
        std::ofstream(file) << text;
        std::filesystem::permissions(file, std::filesystem::perms::owner_all);
        return file;
    }

  private:
    std::filesystem::path path_;
};

inline ChildSettings shell(std::string text) {
    return {.arguments = {"/bin/sh", "-c", std::move(text)},
            .environment = {{"PATH", "/usr/bin:/bin"}},
            .working_directory = {},
            .on_stdout = {},
            .on_stderr = {}};
}

struct Finished {
    ExitStatus status;
    std::string out;
    std::string err;
};

inline boost::asio::awaitable<ExitStatus> wait_for(ChildProcess& child) {
    co_return co_await child.wait();
}

/// Fails the test when the child has not ended after 30 seconds.
inline Finished run_to_end(ChildSettings settings) {
    boost::asio::io_context io;
    Finished finished;
    settings.on_stdout = [&](std::string_view bytes) { finished.out += bytes; };
    settings.on_stderr = [&](std::string_view bytes) { finished.err += bytes; };
    auto child = ChildProcess::start(io.get_executor(), std::move(settings));
    if (!child) throw std::runtime_error(child.error());
    bool ended = false;
    boost::asio::co_spawn(io, wait_for(**child), [&](std::exception_ptr error, ExitStatus status) {
        if (error) std::rethrow_exception(error);
        finished.status = status;
        ended = true;
        io.stop();
    });
    io.run_for(std::chrono::seconds(30));
    EXPECT_TRUE(ended) << "the child did not end";
    return finished;
}

}  // namespace cockpit::runtime
