#include "agent/keeper/launch.hpp"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

#include "runtime/process_launch.hpp"

namespace cockpit::keeper {
namespace {

// The keeper reads at once, so this is only for one that cannot.
constexpr timeval sending_patience{.tv_sec = 5, .tv_usec = 0};

bool send_all(int socket, std::string_view bytes) {
    while (!bytes.empty()) {
        const auto sent = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) continue;
        if (sent <= 0) return false;
        bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
}

}  // namespace

std::expected<Launched, std::string> launch(const std::vector<std::string>& program,
                                            const std::filesystem::path& directory,
                                            const Order& order) {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
        return std::unexpected(std::string("its keeper cannot be started: ") +
                               std::strerror(errno));
    }
    ::setsockopt(ends[0], SOL_SOCKET, SO_SNDTIMEO, &sending_patience, sizeof sending_patience);
    // Nothing of our own environment: it holds secrets that are not the command's.
    auto launched = runtime::launch({.arguments = program,
                                     .environment = {},
                                     .working_directory = directory,
                                     .on_stdout = {},
                                     .on_stderr = {},
                                     .standard_input = ends[1]});
    ::close(ends[1]);
    if (!launched) {
        ::close(ends[0]);
        return std::unexpected("its keeper cannot be started: " + launched.error());
    }
    // Not reaped yet, so it can be looked at even when it has ended.
    const auto info = runtime::process_info(launched->pid);
    if (!info || !send_all(ends[0], encode(order) + "\n")) {
        const std::string why = info ? std::strerror(errno) : "/proc does not show it";
        ::kill(launched->pid, SIGKILL);
        ::waitpid(launched->pid, nullptr, 0);
        ::close(launched->pidfd);
        ::close(ends[0]);
        return std::unexpected("its keeper does not take the order: " + why);
    }
    return Launched{.process = *info, .pidfd = launched->pidfd, .control = ends[0]};
}

void go(int control) {
    send_all(control, "go\n");
}

std::optional<std::string> read_line(int control) {
    std::string line;
    char buffer[65536];
    for (;;) {
        // Looked at first, so that nothing of the next line is taken.
        const auto seen = ::recv(control, buffer, sizeof buffer, MSG_PEEK);
        if (seen < 0 && errno == EINTR) continue;
        if (seen <= 0) return std::nullopt;
        const auto* end =
            static_cast<const char*>(std::memchr(buffer, '\n', static_cast<std::size_t>(seen)));
        const auto take = end == nullptr ? seen : end - buffer + 1;
        const auto taken = ::recv(control, buffer, static_cast<std::size_t>(take), 0);
        if (taken <= 0) return std::nullopt;
        line.append(buffer, static_cast<std::size_t>(taken));
        if (line.back() == '\n') {
            line.pop_back();
            return line;
        }
    }
}

}  // namespace cockpit::keeper
