// What a child gets and what is heard of it.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "child_run.hpp"

namespace cockpit::runtime {
namespace {

std::string start_error(ChildSettings settings) {
    boost::asio::io_context io;
    auto child = ChildProcess::start(io.get_executor(), std::move(settings));
    return child ? "it started" : child.error();
}

std::size_t open_descriptors() {
    const std::filesystem::directory_iterator all("/proc/self/fd");
    return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

TEST(ChildProcess, reports_exit_codes) {
    for (const int code : {0, 1, 3, 127, 255}) {
        const auto finished = run_to_end(shell("exit " + std::to_string(code)));
        EXPECT_EQ(finished.status.exit_code, code);
        EXPECT_EQ(finished.status.signal, std::nullopt);
        EXPECT_EQ(finished.status.success(), code == 0);
    }
    EXPECT_EQ(run_to_end(shell("exit 3")).status.text(), "exit code 3");
}

TEST(ChildProcess, reports_the_signal_that_ended_it) {
    const auto finished = run_to_end(shell("kill -KILL $$"));
    EXPECT_EQ(finished.status.signal, 9);
    EXPECT_EQ(finished.status.exit_code, std::nullopt);
    EXPECT_FALSE(finished.status.success());
    EXPECT_EQ(finished.status.text(), "signal 9 (Killed)");
}

TEST(ChildProcess, program_that_does_not_exist_is_named) {
    EXPECT_EQ(start_error({.arguments = {"no-such-program"}, .environment = {{"PATH", "/bin"}}}),
              "program 'no-such-program' was not found in PATH (/bin)");
    EXPECT_EQ(start_error({.arguments = {"/no/such/program"}, .environment = {}}),
              "program '/no/such/program' cannot be started: No such file or directory");
    EXPECT_EQ(start_error({.arguments = {}, .environment = {}}),
              "program cannot be started: no program was named");
}

TEST(ChildProcess, program_that_cannot_be_executed_is_named) {
    const TemporaryDirectory directory;
    const auto plain = directory.path() / "plain";
    std::ofstream(plain) << "text";
    EXPECT_EQ(start_error({.arguments = {plain}, .environment = {}}),
              "program '" + plain.string() + "' cannot be started: it is not an executable file");
    EXPECT_EQ(start_error({.arguments = {directory.path()}, .environment = {}}),
              "program '" + directory.path().string() +
                  "' cannot be started: it is not an executable file");
    EXPECT_EQ(
        start_error({.arguments = {"plain"}, .environment = {{"PATH", directory.path().string()}}}),
        "program 'plain' was not found as an executable file in PATH (" +
            directory.path().string() + ")");
    const auto lost = directory.script("lost", "#!/no/interpreter\n");
    EXPECT_EQ(start_error({.arguments = {lost}, .environment = {}}),
              "program '" + lost.string() +
                  "' cannot be started: the interpreter it names does not exist");
    const auto garbage = directory.script("garbage", "neither a script nor a program");
    EXPECT_EQ(start_error({.arguments = {garbage}, .environment = {}}),
              "program '" + garbage.string() + "' cannot be started: Exec format error");
}

TEST(ChildProcess, working_directory_is_entered_or_named) {
    const TemporaryDirectory directory;
    auto settings = shell("pwd -P");
    settings.working_directory = directory.path();
    EXPECT_EQ(run_to_end(settings).out, canonical(directory.path()).string() + "\n");

    settings.working_directory = directory.path() / "missing";
    EXPECT_EQ(start_error(settings), "program '/bin/sh' cannot be started: working directory '" +
                                         (directory.path() / "missing").string() +
                                         "' cannot be entered: No such file or directory");
}

TEST(ChildProcess, arguments_arrive_unchanged) {
    const TemporaryDirectory directory;
    const auto show = directory.script("show", "#!/bin/sh\nprintf '<%s>' \"$@\"\n");
    const auto finished = run_to_end({.arguments = {show, "two words", "", "a'b\"c", "line\nbreak",
                                                    "$(touch x)", "`id`", "*", "\\", "ümläut"},
                                      .environment = {{"PATH", "/usr/bin:/bin"}}});
    EXPECT_EQ(finished.out, "<two words><><a'b\"c><line\nbreak><$(touch x)><`id`><*><\\><ümläut>");
    EXPECT_EQ(start_error({.arguments = {show, std::string("a\0b", 3)}, .environment = {}}),
              "program cannot be started: an argument contains a NUL character");
}

TEST(ChildProcess, environment_is_exactly_what_was_given) {
    ::setenv("COCKPIT_SECRET_OF_THE_PARENT", "1", 1);
    const auto finished =
        run_to_end({.arguments = {"/usr/bin/env"}, .environment = {{"A", "one two"}, {"B", ""}}});
    ::unsetenv("COCKPIT_SECRET_OF_THE_PARENT");
    EXPECT_EQ(finished.out, "A=one two\nB=\n");
    EXPECT_EQ(start_error({.arguments = {"/usr/bin/env"}, .environment = {{"A=B", "c"}}}),
              "program cannot be started: the environment variable 'A=B' cannot be passed to a "
              "program");
}

TEST(ChildProcess, standard_input_is_empty) {
    EXPECT_EQ(run_to_end(shell("cat; echo end")).out, "end\n");
}

TEST(ChildProcess, both_outputs_arrive_apart_or_in_order) {
    auto settings = shell("echo 1; echo 2 >&2; echo 3; echo 4 >&2");
    const auto apart = run_to_end(settings);
    EXPECT_EQ(apart.out, "1\n3\n");
    EXPECT_EQ(apart.err, "2\n4\n");
    settings.stderr_to_stdout = true;
    const auto together = run_to_end(settings);
    EXPECT_EQ(together.out, "1\n2\n3\n4\n");
    EXPECT_EQ(together.err, "");
}

TEST(ChildProcess, ten_megabytes_arrive_whole) {
    const auto finished =
        run_to_end(shell("head -c 10485760 /dev/zero; head -c 1048576 /dev/zero >&2; exit 4"));
    EXPECT_EQ(finished.out.size(), 10'485'760U);
    EXPECT_EQ(finished.err.size(), 1'048'576U);
    EXPECT_EQ(finished.status.exit_code, 4);
}

TEST(ChildProcess, inherits_no_descriptor_and_no_signal_disposition) {
    boost::asio::io_context io;
    boost::asio::ip::tcp::acceptor not_close_on_exec(io,
                                                     {boost::asio::ip::address_v4::loopback(), 0});
    const auto before = ::signal(SIGPIPE, SIG_IGN);
    const auto finished = run_to_end(shell("ls /proc/$$/fd; grep SigIgn /proc/$$/status"));
    ::signal(SIGPIPE, before);
    EXPECT_EQ(finished.out, "0\n1\n2\nSigIgn:\t0000000000000000\n");
}

TEST(ChildProcess, leaks_no_descriptor) {
    const TemporaryDirectory directory;
    run_to_end(shell("true"));
    const auto before = open_descriptors();
    for (int round = 0; round < 20; ++round) {
        run_to_end(shell("echo text"));
        start_error({.arguments = {"/no/such/program"}, .environment = {}});
        auto nowhere = shell("true");
        nowhere.working_directory = directory.path() / "missing";
        start_error(nowhere);
    }
    EXPECT_EQ(open_descriptors(), before);
}

}  // namespace
}  // namespace cockpit::runtime
