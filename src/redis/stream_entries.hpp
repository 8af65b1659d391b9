#pragma once
// Reads the answers of XREAD, XREADGROUP, XRANGE and XAUTOCLAIM.

#include <string>
#include <utility>
#include <vector>

#include "redis/value.hpp"

namespace cockpit::redis {

struct StreamEntry {
    std::string id;
    std::vector<std::pair<std::string, std::string>> fields;
};

/// The entries of one stream's list ([[id, [name, value, …]], …]); ill-formed or deleted ones are
/// left out.
std::vector<StreamEntry> parse_entries(const Value& list);

/// The entries of an XREAD or XREADGROUP answer over one stream; none for nil (timed out).
std::vector<StreamEntry> parse_read_answer(const Value& answer);

}  // namespace cockpit::redis
