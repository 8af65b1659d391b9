#pragma once
// What many hosts said, told once for all that said the same. Two hosts are in one cluster when
// they ended in the same way and their outputs are the same but for what masking.hpp takes out.
//
// Pure. Linear in the bytes of output; beside the results it holds one masked output at a time and
// some hundred bytes for each host.

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace cockpit::runs {

struct HostResult {
    std::string agent_id;
    std::string hostname;  ///< what the host calls itself; may be empty
    std::string status;    ///< how it ended: a command's state
    std::optional<int> exit_code;
    std::string output;
};

struct Cluster {
    std::vector<std::string> hosts;  ///< ids, ascending
    std::size_t example = 0;   ///< index into the results: of the output most of its hosts share
    std::size_t variants = 1;  ///< different outputs in it before masking; 1: all are identical
};

/// Bytes of an output that are compared beyond identity: the first ones.
inline constexpr std::size_t most_masked_bytes = 1024 * 1024;

/// Each result is in exactly one cluster; the largest first, of the same size the one with the
/// smallest id. The order of the results does not matter.
std::vector<Cluster> cluster(std::span<const HostResult> results);

}  // namespace cockpit::runs
