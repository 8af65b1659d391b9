#include "runtime/fault_point.hpp"

#ifdef COCKPIT_FAULT_POINTS
#include <signal.h>
#include <unistd.h>

#include <cstdlib>
#endif

namespace cockpit::runtime {

#ifdef COCKPIT_FAULT_POINTS
void fault_point(std::string_view name) {
    static const char* const chosen = std::getenv("COCKPIT_FAULT_POINT");
    if (chosen == nullptr) return;
    const std::string_view wanted = chosen;
    const auto colon = wanted.find(':');
    if (wanted.substr(0, colon) != name) return;
    static int remaining =
        colon == std::string_view::npos ? 1 : std::atoi(wanted.data() + colon + 1);
    if (--remaining == 0) ::kill(::getpid(), SIGKILL);
}
#else
void fault_point(std::string_view) {}
#endif

}  // namespace cockpit::runtime
