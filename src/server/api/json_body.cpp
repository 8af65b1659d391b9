#include "server/api/json_body.hpp"

#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/parse.hpp>
#include <set>
#include <vector>

#include "protocol/text.hpp"

namespace cockpit::api {
namespace json = boost::json;
namespace {

// Boost.JSON's values keep the last of repeated names in silence, so the names are looked at while
// the text is read. The events and their signatures are those basic_parser asks for.
struct NameCheck {
    static constexpr std::size_t max_object_size = static_cast<std::size_t>(-1);
    static constexpr std::size_t max_array_size = static_cast<std::size_t>(-1);
    static constexpr std::size_t max_key_size = static_cast<std::size_t>(-1);
    static constexpr std::size_t max_string_size = static_cast<std::size_t>(-1);

    std::vector<std::set<std::string>> names;  // of the objects that are open
    std::string key;
    std::string wrong;

    bool text(json::string_view part, json::error_code& ec) {
        if (part.find('\0') == json::string_view::npos) return true;
        wrong = "the body contains a NUL character (\\u0000), which no field can take";
        ec = json::error::syntax;
        return false;
    }

    bool on_document_begin(json::error_code&) { return true; }
    bool on_document_end(json::error_code&) { return true; }
    bool on_object_begin(json::error_code&) {
        names.emplace_back();
        return true;
    }
    bool on_object_end(std::size_t, json::error_code&) {
        names.pop_back();
        return true;
    }
    bool on_array_begin(json::error_code&) { return true; }
    bool on_array_end(std::size_t, json::error_code&) { return true; }
    bool on_key_part(json::string_view part, std::size_t, json::error_code& ec) {
        key.append(part.data(), part.size());
        return text(part, ec);
    }
    bool on_key(json::string_view part, std::size_t, json::error_code& ec) {
        key.append(part.data(), part.size());
        if (!text(part, ec)) return false;
        if (!names.back().insert(key).second) {
            wrong = "the body has the field '" + key + "' twice in one object";
            ec = json::error::syntax;
            return false;
        }
        key.clear();
        return true;
    }
    bool on_string_part(json::string_view part, std::size_t, json::error_code& ec) {
        return text(part, ec);
    }
    bool on_string(json::string_view part, std::size_t, json::error_code& ec) {
        return text(part, ec);
    }
    bool on_number_part(json::string_view, json::error_code&) { return true; }
    bool on_int64(std::int64_t, json::string_view, json::error_code&) { return true; }
    bool on_uint64(std::uint64_t, json::string_view, json::error_code&) { return true; }
    bool on_double(double, json::string_view, json::error_code&) { return true; }
    bool on_bool(bool, json::error_code&) { return true; }
    bool on_null(json::error_code&) { return true; }
    bool on_comment_part(json::string_view, json::error_code&) { return true; }
    bool on_comment(json::string_view, json::error_code&) { return true; }
};

}  // namespace

std::expected<json::object, std::string> read_json_body(std::string_view text) {
    if (text.empty()) return std::unexpected("the body is empty; it must be a JSON object");
    if (!protocol::is_utf8(text)) {
        return std::unexpected("the body is not valid UTF-8; JSON must be");
    }
    json::parse_options options;
    options.max_depth = max_body_depth;
    json::basic_parser<NameCheck> names(options);
    json::error_code failed;
    const auto read = names.write_some(false, text.data(), text.size(), failed);
    if (!names.handler().wrong.empty()) return std::unexpected(names.handler().wrong);
    if (failed == json::error::too_deep) {
        return std::unexpected("the body is nested deeper than " + std::to_string(max_body_depth) +
                               " levels");
    }
    json::value value;
    if (!failed) value = json::parse(text, failed, {}, options);
    if (failed) {
        return std::unexpected("the body is not valid JSON: " + failed.message() + " near byte " +
                               std::to_string(read));
    }
    if (!value.is_object()) return std::unexpected("the body must be a JSON object");
    return std::move(value.as_object());
}

}  // namespace cockpit::api
