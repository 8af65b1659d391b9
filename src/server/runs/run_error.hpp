#pragma once

#include <cstddef>
#include <optional>
#include <string>

namespace cockpit::runs {

struct RunError {
    enum class Kind { invalid, not_found, conflict, store_unavailable };
    Kind kind;
    std::string detail;                   ///< for the person who asked
    std::optional<std::size_t> column{};  ///< where in the expression
};

}  // namespace cockpit::runs
