// A program that is hard to end: stubborn WAY MARK. The mark is for the test, which finds all that
// is left of it by the command line that its processes share.
#include <fcntl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <new>
#include <string_view>

namespace {

// Whatever a failing test does, none of us is there for long.
constexpr time_t life_s = 60;

[[noreturn]] void sleep_for_long() {
    const auto end = ::time(nullptr) + life_s;
    while (::time(nullptr) < end)
        ::sleep(1);
    ::_exit(0);
}

// Up to 100 at once, which fork and end all the time and listen to nothing.
[[noreturn]] void bomb() {
    ::signal(SIGTERM, SIG_IGN);
    ::signal(SIGCHLD, SIG_IGN);
    void* shared = ::mmap(nullptr, sizeof(std::atomic<int>), PROT_READ | PROT_WRITE,
                          MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    auto& living = *new (shared) std::atomic<int>(1);
    const auto end = ::time(nullptr) + life_s;
    bool first = true;
    for (int turn = 0;; ++turn) {
        if (living.fetch_add(1) < 100) {
            const pid_t pid = ::fork();
            if (pid < 0) living.fetch_sub(1);
            if (pid == 0) {
                first = false;
                turn = 0;
                if (living.load() % 2 == 0) ::setsid();
                continue;
            }
        } else {
            living.fetch_sub(1);
        }
        ::usleep(20'000);
        if (::time(nullptr) >= end) ::_exit(0);
        if (turn > 20 && !first) {
            living.fetch_sub(1);
            ::_exit(0);
        }
    }
}

// A grandchild in a session of its own, whose parent is gone.
void detach(bool& grandchild) {
    grandchild = false;
    if (::fork() != 0) return;
    ::setsid();
    if (::fork() != 0) ::_exit(0);
    grandchild = true;
}

}  // namespace

int main(int count, char** words) {
    if (count != 3) return 2;
    const std::string_view way = words[1];
    std::setvbuf(stdout, nullptr, _IOLBF, 0);
    bool grandchild = false;
    if (way == "sleep") sleep_for_long();
    if (way == "fork_bomb") bomb();
    if (way == "double_fork") {
        detach(grandchild);
    } else if (way == "setsid") {
        if (::fork() == 0) ::setsid();
    } else if (way == "nohup") {
        ::signal(SIGHUP, SIG_IGN);
        ::fork();
    } else if (way == "ignores_term") {
        ::signal(SIGTERM, SIG_IGN);
        ::fork();
    } else if (way == "stopped") {
        if (::fork() == 0) ::raise(SIGSTOP);
    } else if (way == "ends_and_leaves") {
        detach(grandchild);
        if (!grandchild) return 0;
    } else if (way == "hides") {
        // Nothing of its environment is left, nor its parent.
        detach(grandchild);
        if (grandchild) {
            char* arguments[] = {words[0], const_cast<char*>("sleep"), words[2], nullptr};
            char* none[] = {nullptr};
            ::execve("/proc/self/exe", arguments, none);
        }
    } else {
        return 2;
    }
    sleep_for_long();
}
