#pragma once
// Keepers of a test: the small program of tests/fakes, spools below a directory of the test.

#include <filesystem>
#include <memory>

#include "agent/commands/keeping.hpp"
#include "agent/keeper/keeper.hpp"
#include "agent/spool/layout.hpp"

namespace cockpit::commands {

/// By process group; spools in `directory`/spool.
inline std::shared_ptr<Keeping> keeping(const std::filesystem::path& directory) {
    std::filesystem::create_directories(directory / "spool");
    return std::make_shared<Keeping>(Keeping{.keeper = {COCKPIT_TEST_KEEPER, keeper::keep_flag},
                                             .spool = directory / "spool",
                                             .boot_id = spool::current_boot_id()});
}

}  // namespace cockpit::commands
