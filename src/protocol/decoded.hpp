#pragma once

#include <expected>
#include <string>

namespace cockpit::protocol {

/// A body read from the wire, or a sentence that says what is wrong with it.
template <typename T>
using Decoded = std::expected<T, std::string>;

}  // namespace cockpit::protocol
