#include "fakes/docker_engine.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <fstream>
#include <functional>
#include <iterator>
#include <optional>
#include <thread>

namespace cockpit::test {
namespace fs = std::filesystem;
namespace {

bool poll_until(const std::function<bool()>& reached, std::chrono::seconds limit) {
    const auto end = std::chrono::steady_clock::now() + limit;
    while (!reached()) {
        if (std::chrono::steady_clock::now() > end) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    return true;
}

std::optional<fs::path> in_path(const std::string& name) {
    for (const auto* directory : {"/usr/local/bin", "/usr/bin", "/usr/sbin", "/bin", "/sbin"}) {
        if (::access((fs::path(directory) / name).c_str(), X_OK) == 0) {
            return fs::path(directory) / name;
        }
    }
    return std::nullopt;
}

}  // namespace

std::expected<std::unique_ptr<PrivateDockerEngine>, std::string> PrivateDockerEngine::start() {
    if (::geteuid() != 0) return std::unexpected("a Docker engine can be started by root only");
    for (const auto* program : {"dockerd", "docker", "busybox"}) {
        if (!in_path(program)) {
            return std::unexpected(std::string("there is no ") + program +
                                   " (apt-get install docker.io busybox-static)");
        }
    }
    std::unique_ptr<PrivateDockerEngine> engine(new PrivateDockerEngine);
    const fs::path home = engine->directory_.path();
    const std::vector<std::string> arguments{"dockerd",
                                             "-H",
                                             "unix://" + engine->socket().string(),
                                             "--data-root",
                                             home / "data",
                                             "--exec-root",
                                             home / "exec",
                                             "--pidfile",
                                             home / "docker.pid",
                                             "--iptables=false",
                                             "--ip6tables=false",
                                             "--bridge=none",
                                             "--storage-driver=overlay2"};
    std::vector<char*> pointers;
    for (const auto& argument : arguments)
        pointers.push_back(const_cast<char*>(argument.c_str()));
    pointers.push_back(nullptr);
    std::string path = "PATH=/usr/local/bin:/usr/bin:/usr/sbin:/bin:/sbin";
    char* environment[] = {path.data(), nullptr};
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&files, 1, (home / "log").c_str(), O_WRONLY | O_CREAT, 0600);
    posix_spawn_file_actions_adddup2(&files, 1, 2);
    const int error = ::posix_spawn(&engine->pid_, in_path("dockerd")->c_str(), &files, nullptr,
                                    pointers.data(), environment);
    posix_spawn_file_actions_destroy(&files);
    if (error != 0) return std::unexpected("dockerd could not be started");

    bool ended = false;
    const bool ready = poll_until(
        [&] {
            ended = ::waitpid(engine->pid_, nullptr, WNOHANG) == engine->pid_;
            if (ended) engine->pid_ = -1;
            return ended ||
                   run_program({"docker", "-H", "unix://" + engine->socket().string(), "version"})
                           .exit_code == 0;
        },
        std::chrono::seconds(30));
    if (!ready || ended) return std::unexpected("dockerd did not start: " + engine->log_tail());

    const auto root = home / "image/bin";
    fs::create_directories(root);
    fs::copy_file(*in_path("busybox"), root / "busybox");
    fs::create_symlink("busybox", root / "sh");
    must_run({"tar", "-C", home / "image", "-cf", home / "image.tar", "."});
    engine->docker({"import", home / "image.tar", "box"});
    const auto probe = run_program({"docker", "-H", "unix://" + engine->socket().string(), "run",
                                    "--rm", "--network", "none", "box", "/bin/sh", "-c", "exit 0"});
    if (probe.exit_code != 0) {
        return std::unexpected("the Docker engine cannot run a container here: " + probe.output);
    }
    return engine;
}

PrivateDockerEngine::~PrivateDockerEngine() {
    stop();
}

void PrivateDockerEngine::run(const std::string& name, const std::string& script,
                              std::vector<std::string> options) {
    std::vector<std::string> arguments{"run", "-d", "--name", name, "--network", "none"};
    arguments.insert(arguments.end(), options.begin(), options.end());
    arguments.insert(arguments.end(), {"box", "/bin/sh", "-c", script});
    containers_.push_back(name);
    docker(std::move(arguments));
}

std::string PrivateDockerEngine::inspect(const std::string& name, const std::string& format) {
    auto text = docker({"inspect", "--format", format, name});
    while (text.ends_with('\n'))
        text.pop_back();
    return text;
}

std::string PrivateDockerEngine::docker(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"docker", "-H", "unix://" + socket().string()});
    return must_run(std::move(arguments));
}

void PrivateDockerEngine::stop() {
    if (pid_ > 0) {
        for (const auto& name : containers_) {
            run_program({"docker", "-H", "unix://" + socket().string(), "rm", "-f", name});
        }
        ::kill(pid_, SIGTERM);
        const auto gone = [&] { return ::waitpid(pid_, nullptr, WNOHANG) == pid_; };
        if (!poll_until(gone, std::chrono::seconds(20))) {
            ::kill(pid_, SIGKILL);
            ::waitpid(pid_, nullptr, 0);
        }
        pid_ = -1;
    }
    const auto netns = directory_.path() / "exec/netns/default";
    if (fs::exists(netns)) ::umount2(netns.c_str(), MNT_DETACH);
    std::error_code ignored;
    fs::remove(socket(), ignored);
}

std::string PrivateDockerEngine::log_tail() const {
    std::ifstream file(directory_.path() / "log");
    std::string text{std::istreambuf_iterator<char>(file), {}};
    return text.size() > 600 ? text.substr(text.size() - 600) : text;
}

}  // namespace cockpit::test
