#pragma once
// Where spools lie and what belongs to one (docs/spool.md). Blocks; any thread.

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "agent/spool/extent.hpp"
#include "agent/spool/files.hpp"
#include "protocol/ids.hpp"

namespace cockpit::spool {

/// `root`/<command id>.<attempt>
std::filesystem::path directory_of(const std::filesystem::path& root,
                                   const protocol::AttemptId& attempt);

/// Makes it (0700), and the root if there is none. One that is there already is no error: an
/// attempt that was prepared and did not start is prepared again after a restart.
OnDisk<std::filesystem::path> create_directory(const std::filesystem::path& root,
                                               const protocol::AttemptId& attempt);

/// The attempts that have a directory below `root`; none when there is no root.
std::vector<protocol::AttemptId> attempts_in(const std::filesystem::path& root);

OnDisk<void> remove(const std::filesystem::path& root, const protocol::AttemptId& attempt);

/// The bytes that a spool takes on disk, as far as `output` is concerned.
std::uint64_t size_on_disk(const std::filesystem::path& directory);

/// The file `limits`: made by the writer, with the boot in which it wrote, so that a reader needs
/// no settings and does not trust what a crash of the host may have torn.
struct Making {
    Limits limits;
    std::string boot_id;
};
std::string encode(const Making& making);
std::optional<Making> decode_making(std::string_view text);

/// Linux's id of the time since the last boot (/proc/sys/kernel/random/boot_id, random(4)); empty
/// where there is none.
std::string current_boot_id();

}  // namespace cockpit::spool
