#pragma once
// Reads the fields of a JSON object that came from the wire. For the decoders of this folder.

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace cockpit::protocol {

/// The first thing that is wrong is thrown as std::invalid_argument with a sentence and becomes the
/// decode function's error: a body has many fields and one error path. The object must outlive
/// this.
class JsonFields {
  public:
    explicit JsonFields(const boost::json::object& object) : object_(object) {}

    std::string text(std::string_view name) const {
        const auto* value = object_.if_contains(name);
        if (value == nullptr || !value->is_string()) wrong(name, "text");
        return std::string(value->get_string());
    }
    std::optional<std::string> optional_text(std::string_view name) const {
        return absent(name) ? std::nullopt : std::optional(text(name));
    }
    std::int64_t integer(std::string_view name) const {
        const auto* value = object_.if_contains(name);
        if (value != nullptr && value->is_int64()) return value->get_int64();
        // What was never text may hold a small number as unsigned.
        if (value != nullptr && value->is_uint64() && value->get_uint64() <= INT64_MAX) {
            return static_cast<std::int64_t>(value->get_uint64());
        }
        wrong(name, "an integer");
    }
    std::optional<std::int64_t> optional_integer(std::string_view name) const {
        return absent(name) ? std::nullopt : std::optional(integer(name));
    }
    bool boolean(std::string_view name) const {
        const auto* value = object_.if_contains(name);
        if (value == nullptr || !value->is_bool()) wrong(name, "true or false");
        return value->get_bool();
    }
    const boost::json::object& object(std::string_view name) const {
        const auto* value = object_.if_contains(name);
        if (value == nullptr || !value->is_object()) wrong(name, "an object");
        return value->get_object();
    }
    const boost::json::array& array(std::string_view name) const {
        const auto* value = object_.if_contains(name);
        if (value == nullptr || !value->is_array()) wrong(name, "a list");
        return value->get_array();
    }
    bool absent(std::string_view name) const {
        const auto* value = object_.if_contains(name);
        return value == nullptr || value->is_null();
    }
    [[noreturn]] static void wrong(std::string_view name, std::string_view right) {
        throw std::invalid_argument("field '" + std::string(name) + "' must be " +
                                    std::string(right));
    }

  private:
    const boost::json::object& object_;
};

}  // namespace cockpit::protocol
