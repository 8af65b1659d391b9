#pragma once
// What the kernel says of this process (proc(5)).

#include <cstdint>
#include <string_view>

namespace cockpit::metrics {

struct Process {
    double cpu_seconds = 0;   ///< user and system
    double started_at_s = 0;  ///< since the Unix epoch
    std::int64_t resident_bytes = 0;
    std::int64_t virtual_bytes = 0;
    std::int64_t open_descriptors = 0;
    std::int64_t most_descriptors = 0;
};

/// Reads /proc; what cannot be read stays 0.
Process this_process();

/// Of the text of /proc/self/stat, whose times are in `ticks` a second since the boot at `boot_s`.
Process parse_process(std::string_view stat, double ticks, double page_bytes, double boot_s);

}  // namespace cockpit::metrics
