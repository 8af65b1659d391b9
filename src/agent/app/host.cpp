#include "agent/app/host.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <utility>

namespace cockpit::agent_app {
namespace {

utsname kernel() {
    utsname names{};
    ::uname(&names);
    return names;
}

}  // namespace

std::string operating_system() {
    std::ifstream file("/etc/os-release");
    constexpr std::string_view key = "PRETTY_NAME=";
    for (std::string line; std::getline(file, line);) {
        if (!line.starts_with(key)) continue;
        auto name = line.substr(key.size());
        if (name.size() >= 2 && name.front() == '"' && name.back() == '"') {
            name = name.substr(1, name.size() - 2);
        }
        return name;
    }
    return kernel().sysname;
}

std::string architecture() {
    return kernel().machine;
}

std::string boot_id() {
    std::ifstream file("/proc/sys/kernel/random/boot_id");
    std::string id;
    std::getline(file, id);
    return id;
}

std::expected<StateDirectory, std::string> StateDirectory::claim(
    const std::filesystem::path& directory) {
    const auto wrong = [&](std::string_view what, std::string_view why) {
        return std::unexpected(
            std::string(what) + " the state directory '" + directory.string() +
            "': " + std::string(why) +
            "; COCKPIT_STATE_DIR must name a directory that this user may write");
    };
    std::error_code failed;
    std::filesystem::create_directories(directory, failed);
    if (failed) return wrong("cannot make", failed.message());
    if (::chmod(directory.c_str(), 0700) != 0) return wrong("cannot protect", std::strerror(errno));
    const int lock = ::open((directory / "lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (lock < 0) return wrong("cannot write to", std::strerror(errno));
    if (::flock(lock, LOCK_EX | LOCK_NB) != 0) {
        ::close(lock);
        return std::unexpected("another agent runs with the state directory '" +
                               directory.string() +
                               "': stop it, or give each agent a COCKPIT_STATE_DIR of its own");
    }
    return StateDirectory(directory, lock);
}

StateDirectory::StateDirectory(StateDirectory&& other) noexcept
    : path_(std::move(other.path_)), lock_(std::exchange(other.lock_, -1)) {}

StateDirectory::~StateDirectory() {
    if (lock_ >= 0) ::close(lock_);
}

}  // namespace cockpit::agent_app
