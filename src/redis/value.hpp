#pragma once
// What Redis answers (RESP2), as a value.

#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace cockpit::redis {

struct Value;
using Array = std::vector<Value>;

struct Nil {
    bool operator==(const Nil&) const = default;
};
/// An error answer of Redis itself, such as "WRONGTYPE …": the command arrived and was refused.
struct ErrorReply {
    std::string message;
    bool operator==(const ErrorReply&) const = default;
};

struct Value {
    std::variant<Nil, std::int64_t, std::string, ErrorReply, Array> data;

    bool is_nil() const { return std::holds_alternative<Nil>(data); }
    const std::int64_t* if_integer() const { return std::get_if<std::int64_t>(&data); }
    const std::string* if_text() const {
        return std::get_if<std::string>(&data);
    }  ///< bulk or status
    const ErrorReply* if_error() const { return std::get_if<ErrorReply>(&data); }
    const Array* if_array() const { return std::get_if<Array>(&data); }
    bool operator==(const Value&) const = default;
};

}  // namespace cockpit::redis
