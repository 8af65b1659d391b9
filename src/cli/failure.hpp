#pragma once
// What cockpitctl ends with when it cannot do what was asked.

#include <stdexcept>
#include <string>

namespace cockpit::cli {

/// Of the process. docs/cockpitctl.md lists them.
enum class Exit {
    success = 0,
    failed = 1,         ///< it was done, and not everywhere with success
    usage = 2,          ///< the command line is wrong
    unreachable = 3,    ///< no answer from the server
    not_permitted = 4,  ///< not signed in, or not allowed
    refused = 5,        ///< the server would not do it, or nothing is meant
};

/// `what()` is a sentence; `hint` says what to do next, or is empty.
struct Failure : std::runtime_error {
    Failure(Exit code, const std::string& what, std::string hint = "")
        : std::runtime_error(what), code(code), hint(std::move(hint)) {}
    Exit code;
    std::string hint;
};

}  // namespace cockpit::cli
