#include "runtime/clock.hpp"

namespace cockpit::runtime {
namespace {

template <typename ClockType>
std::int64_t milliseconds() {
    return std::chrono::duration_cast<Milliseconds>(ClockType::now().time_since_epoch()).count();
}

}  // namespace

std::int64_t SystemClock::wall_ms() const {
    return milliseconds<std::chrono::system_clock>();
}
std::int64_t SystemClock::steady_ms() const {
    return milliseconds<std::chrono::steady_clock>();
}

}  // namespace cockpit::runtime
