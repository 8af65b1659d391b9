#pragma once
// What is left of a command whose keeper is gone: killed by somebody, since a keeper that ends by
// itself leaves nothing. Blocks for the time of a look at /proc.

#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "runtime/process_table.hpp"

namespace cockpit::keeper {

class LeftBehind {
  public:
    /// `directory`, `cookie`: those of its order. `keepers`: the living ones of this process; its
    /// other children, where it is a subreaper (prctl(2)), are orphans of dead keepers.
    LeftBehind(std::filesystem::path directory, std::string cookie, std::set<pid_t> keepers);

    /// Those in its control group, those with the cookie in their environment, orphans, and all
    /// that they started. Without a group, one that changed its environment and has a parent of its
    /// own is not found.
    std::vector<runtime::ProcessInfo> find() const;
    /// SIGKILL to all of them; reaps those that are ours. Call again while find() finds any.
    void kill() const;
    /// Removes its control group once it is empty.
    void clean_up() const;

  private:
    std::filesystem::path directory_;
    std::string cookie_;
    std::set<pid_t> keepers_;
};

}  // namespace cockpit::keeper
