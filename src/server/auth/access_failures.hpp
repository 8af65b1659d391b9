#pragma once
// How Access says no; private to its sources.

#include <cstdint>
#include <expected>
#include <string>

#include "log/log.hpp"
#include "server/auth/access.hpp"

namespace cockpit::auth {

inline std::unexpected<AccessError> refuse(AccessError::Kind kind, std::string detail,
                                           std::int64_t retry_after_s = 0) {
    return std::unexpected(AccessError{kind, std::move(detail), retry_after_s});
}

inline std::unexpected<AccessError> unavailable(const StoreError& error) {
    log::error("the account store failed", {{"error", error.message}});
    return refuse(AccessError::Kind::unavailable,
                  "the account store is unavailable; try again later");
}

}  // namespace cockpit::auth
