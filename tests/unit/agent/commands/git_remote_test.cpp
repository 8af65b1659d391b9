// git_pull over ssh, with a server of its own, and from remotes that hang.

#include <fcntl.h>
#include <gmock/gmock.h>
#include <unistd.h>

#include <csignal>
#include <thread>

#include "git_world.hpp"
#include "runtime/child_process.hpp"

namespace cockpit::commands {
namespace {

namespace fs = std::filesystem;
using executor::StopReason;
using protocol::CommandState;
using testing::HasSubstr;

// sshd on loopback, with keys and configuration in the world's directory. Ends with the object.
class PrivateSshd {
  public:
    explicit PrivateSshd(const GitWorld& world) : world_(world) {
        for (const auto* key : {"host", "user"}) {
            test::must_run({"ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", file(key)});
        }
        fs::copy_file(file("user.pub"), file("authorized"));
        made_run_directory_ = ::geteuid() == 0 && fs::create_directory("/run/sshd");
        // The port is free now; sshd is asked again with another one should that have changed.
        for (int attempt = 0; attempt < 5 && !answers_; ++attempt)
            start();
    }
    PrivateSshd(const PrivateSshd&) = delete;
    PrivateSshd& operator=(const PrivateSshd&) = delete;
    ~PrivateSshd() {
        child_.reset();
        if (made_run_directory_) fs::remove("/run/sshd");
    }

    bool answers() const { return answers_; }
    std::string log() const { return log_; }
    std::string url() const {
        return "ssh://" + test::must_run({"sh", "-c", "printf %s \"$(id -un)\""}) +
               "@127.0.0.1:" + std::to_string(port_) + world_.remote();
    }
    /// ssh with the user's key that accepts the host's key, or has never seen it.
    std::string command(bool known_host) const {
        return "ssh -F /dev/null -i " + file("user") + " -o UserKnownHostsFile=" + file("known") +
               " -o StrictHostKeyChecking=" + (known_host ? "no" : "ask");
    }

  private:
    std::string file(const std::string& name) const { return world_.path() / ("ssh_" + name); }

    static unsigned short free_port() {
        boost::asio::io_context io;
        return boost::asio::ip::tcp::acceptor(io, {boost::asio::ip::address_v4::loopback(), 0})
            .local_endpoint()
            .port();
    }

    void start() {
        port_ = free_port();
        GitWorld::write(file("config"), "ListenAddress 127.0.0.1:" + std::to_string(port_) +
                                            "\nHostKey " + file("host") + "\nAuthorizedKeysFile " +
                                            file("authorized") +
                                            "\nPidFile none\nUsePAM no\nStrictModes no\n"
                                            "PermitRootLogin prohibit-password\n"
                                            "PasswordAuthentication no\n");
        child_ = runtime::ChildProcess::start(
                     io_.get_executor(),
                     {.arguments = {"/usr/sbin/sshd", "-D", "-e", "-f", file("config")},
                      .environment = {{"PATH", "/usr/bin:/bin:/usr/sbin:/sbin"}},
                      .working_directory = {},
                      .on_stdout = [this](std::string_view bytes) { log_ += bytes; },
                      .on_stderr = {},
                      .stderr_to_stdout = true})
                     .value();
        const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(10);
        while (std::chrono::steady_clock::now() < limit && child_->group_alive()) {
            io_.restart();
            io_.run_for(std::chrono::milliseconds(10));
            if (log_.find("Server listening on") != std::string::npos) {
                answers_ = true;
                return;
            }
        }
    }

    const GitWorld& world_;
    boost::asio::io_context io_;
    std::unique_ptr<runtime::ChildProcess> child_;
    std::string log_;
    unsigned short port_ = 0;
    bool answers_ = false;
    bool made_run_directory_ = false;
};

TEST(GitRemote, pulls_over_ssh) {
    if (::access("/usr/sbin/sshd", X_OK) != 0) {
        GTEST_SKIP() << "SKIPPED: there is no sshd here (apt-get install openssh-server)";
    }
    const GitWorld world;
    const PrivateSshd sshd(world);
    ASSERT_TRUE(sshd.answers()) << sshd.log();
    world.git({"-C", world.work(), "remote", "set-url", "origin", sshd.url()});
    world.push("second", "two");

    // Nobody can be asked whether an unknown host is the right one: it fails instead of waiting.
    const auto unknown = world.pull("main", {{"GIT_SSH_COMMAND", sshd.command(false)}});
    EXPECT_EQ(unknown.state, CommandState::error);
    EXPECT_THAT(unknown.output, HasSubstr("Host key verification failed."));

    const auto outcome = world.pull("main", {{"GIT_SSH_COMMAND", sshd.command(true)}});
    EXPECT_EQ(outcome.state, CommandState::success) << outcome.output << sshd.log();
    EXPECT_EQ(GitWorld::read(fs::path(world.work()) / "second"), "two");

    // The owner's way to name a deploy key within the repository works as well.
    world.push("third", "three");
    world.git({"-C", world.work(), "config", "core.sshCommand", sshd.command(true)});
    EXPECT_EQ(world.pull().state, CommandState::success);
    EXPECT_EQ(GitWorld::read(fs::path(world.work()) / "third"), "three");
}

TEST(GitRemote, http_that_wants_a_password_fails_instead_of_asking) {
    // A server of three lines is enough: git reads the status before anything else.
    boost::asio::io_context io;
    boost::asio::ip::tcp::acceptor acceptor(io, {boost::asio::ip::address_v4::loopback(), 0});
    std::thread server([&] {
        boost::system::error_code error;
        boost::asio::ip::tcp::socket peer(io);
        acceptor.accept(peer, error);
        std::string request;
        boost::asio::read_until(peer, boost::asio::dynamic_buffer(request), "\r\n\r\n", error);
        boost::asio::write(peer,
                           boost::asio::buffer(std::string(
                               "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic "
                               "realm=\"x\"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")),
                           error);
    });
    const GitWorld world;
    world.git({"-C", world.work(), "remote", "set-url", "origin",
               "http://127.0.0.1:" + std::to_string(acceptor.local_endpoint().port()) + "/r.git"});
    const auto outcome = world.pull();
    server.join();
    EXPECT_EQ(outcome.state, CommandState::error);
    EXPECT_THAT(*outcome.error, HasSubstr("could not read Username"));
    EXPECT_THAT(*outcome.error, HasSubstr("terminal prompts disabled"));
}

// A stand-in for ssh that never answers and leaves its own and a child's number behind.
class HangingRemote : public testing::Test {
  protected:
    HangingRemote() {
        world_.git({"-C", world_.work(), "remote", "set-url", "origin", "ssh://nowhere/r.git"});
        handlers_ = world_.handlers(io_, {{"GIT_SSH_COMMAND", (world_.path() / "ssh").string()}});
    }

    CommandRun start(const std::string& traps) {
        const std::string pids = (world_.path() / "pids").string();
        world_.script("ssh", "#!/bin/sh\n" + traps +
                                 "sleep 1000 &\necho waiting >&2\necho \"$$ $!\" > " + pids +
                                 ".new\nmv " + pids + ".new " + pids +
                                 "\nwhile :; do wait; sleep 1000; done\n");
        return {io_, handler_named(handlers_, "git_pull"), {{"repository_path", world_.work()}}};
    }
    bool hangs() const { return fs::exists(world_.path() / "pids"); }
    std::vector<pid_t> pids() const {
        std::ifstream file(world_.path() / "pids");
        return {std::istream_iterator<pid_t>(file), {}};
    }
    static bool lives(pid_t pid) {
        std::string stat = GitWorld::read("/proc/" + std::to_string(pid) + "/stat");
        const auto after_name = stat.rfind(") ");
        return after_name != std::string::npos && stat[after_name + 2] != 'Z';
    }
    void expect_all_gone() {
        ASSERT_EQ(pids().size(), 2U);
        for (const pid_t pid : pids())
            EXPECT_FALSE(lives(pid)) << pid;
    }

    GitWorld world_;
    boost::asio::io_context io_;
    executor::CommandHandlers handlers_;
};

TEST_F(HangingRemote, timeout_ends_the_whole_tree) {
    auto run = start("");
    ASSERT_TRUE(run.turn_until([&] { return hangs(); }));
    for (const pid_t pid : pids())
        EXPECT_TRUE(lives(pid));
    run.stop(StopReason::timeout);
    run.stop(StopReason::cancelled);  // changes nothing
    const auto outcome = run.outcome();
    EXPECT_EQ(outcome.state, CommandState::timeout);
    EXPECT_EQ(outcome.error, "git pull did not end within 60 s and was stopped");
    EXPECT_THAT(outcome.output, HasSubstr("waiting"));
    expect_all_gone();
}

TEST_F(HangingRemote, tree_that_ignores_sigterm_is_killed_after_the_grace_time) {
    auto run = start("trap '' TERM\n");
    ASSERT_TRUE(run.turn_until([&] { return hangs(); }));
    run.stop(StopReason::cancelled);
    const auto outcome = run.outcome();
    EXPECT_EQ(outcome.state, CommandState::cancelled);
    EXPECT_EQ(outcome.error, "git pull was cancelled");
    expect_all_gone();
}

TEST_F(HangingRemote, destroying_the_execution_ends_the_tree_at_once) {
    auto run = start("trap '' TERM\n");
    ASSERT_TRUE(run.turn_until([&] { return hangs(); }));
    run.destroy();
    EXPECT_TRUE(run.turn_until([&] { return !lives(pids().at(0)) && !lives(pids().at(1)); }));
    EXPECT_FALSE(run.ended());
}

}  // namespace
}  // namespace cockpit::commands
