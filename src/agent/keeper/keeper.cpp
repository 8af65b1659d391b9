#include "agent/keeper/keeper.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <csignal>

#include "agent/keeper/kept_command.hpp"
#include "agent/keeper/launch.hpp"

namespace cockpit::keeper {
namespace {

int block_signals() {
    // Whoever hangs up or closes a pipe does not mean us.
    ::signal(SIGHUP, SIG_IGN);
    ::signal(SIGPIPE, SIG_IGN);
    ::signal(SIGINT, SIG_IGN);
    sigset_t watched;
    sigemptyset(&watched);
    for (const int number : {SIGTERM, SIGALRM, SIGQUIT, SIGCHLD})
        sigaddset(&watched, number);
    ::sigprocmask(SIG_BLOCK, &watched, nullptr);
    return ::signalfd(-1, &watched, SFD_NONBLOCK | SFD_CLOEXEC);
}

}  // namespace

int keep(int control) {
    const int signals = block_signals();
    if (signals < 0) return 1;
    ::prctl(PR_SET_NAME, "cockpit-keeper");
    if (::prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) return 1;
    const auto text = read_line(control);
    if (!text) return 0;
    auto order = decode_order(*text);
    if (!order) return 1;
    if (read_line(control) != "go") return 0;
    const bool watch_agent = !order->outlives_agent;
    KeptCommand command(*std::move(order), signals, watch_agent ? control : -1);
    return command.run() ? 0 : 1;
}

}  // namespace cockpit::keeper
