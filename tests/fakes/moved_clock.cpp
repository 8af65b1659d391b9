// A library for LD_PRELOAD that moves the wall clock of one process while it runs: what it reads is
// the system's clock plus the nanoseconds (signed, 64 bits, this machine's byte order) that the
// file named by MOVED_CLOCK_FILE holds at that moment. Monotonic clocks are left alone. Without the
// variable, or when the file cannot be read, it changes nothing.

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <ctime>

namespace {

constexpr std::int64_t second_ns = 1'000'000'000;

const std::atomic<std::int64_t>* map_file() {
    const char* path = std::getenv("MOVED_CLOCK_FILE");
    if (path == nullptr) return nullptr;
    const int descriptor = ::open(path, O_RDONLY | O_CLOEXEC);  // NOLINT
    if (descriptor < 0) return nullptr;
    void* page = ::mmap(nullptr, sizeof(std::int64_t), PROT_READ, MAP_SHARED, descriptor, 0);
    ::close(descriptor);
    return page == MAP_FAILED ? nullptr : static_cast<const std::atomic<std::int64_t>*>(page);
}

std::int64_t moved_by_ns() {
    static const auto* offset = map_file();
    return offset == nullptr ? 0 : offset->load(std::memory_order_relaxed);
}

}  // namespace

extern "C" {

int clock_gettime(clockid_t clock, timespec* now) noexcept {
    if (::syscall(SYS_clock_gettime, clock, now) != 0) return -1;
    if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE) {
        const auto total = now->tv_sec * second_ns + now->tv_nsec + moved_by_ns();
        now->tv_sec = total / second_ns;
        now->tv_nsec = total % second_ns;
    }
    return 0;
}

int gettimeofday(timeval* now, void* /*zone*/) noexcept {
    timespec exact{};
    const int result = clock_gettime(CLOCK_REALTIME, &exact);
    now->tv_sec = exact.tv_sec;
    now->tv_usec = exact.tv_nsec / 1000;
    return result;
}

time_t time(time_t* now) noexcept {
    timespec exact{};
    clock_gettime(CLOCK_REALTIME, &exact);
    if (now != nullptr) *now = exact.tv_sec;
    return exact.tv_sec;
}
}
