#pragma once
// The agent's side of a keeper's birth. No Asio.

#include <sys/types.h>

#include <expected>
#include <filesystem>
#include <string>
#include <vector>

#include "agent/keeper/order.hpp"
#include "runtime/process_table.hpp"

namespace cockpit::keeper {

/// Descriptors are the caller's to close; both are close-on-exec.
struct Launched {
    runtime::ProcessInfo process;
    int pidfd = -1;
    int control = -1;  ///< closed before go(): the keeper ends and the command never begins
};

/// Starts a keeper, a child of ours that has its order and waits for go(). `program`: this
/// program and its flag. `directory`: where it works, so that it can be seen whose it is. The error
/// is a sentence.
std::expected<Launched, std::string> launch(const std::vector<std::string>& program,
                                            const std::filesystem::path& directory,
                                            const Order& order);

/// The command begins.
void go(int control);

/// The keeper's half: the next line of the socket; nothing when the agent has gone.
std::optional<std::string> read_line(int control);

}  // namespace cockpit::keeper
