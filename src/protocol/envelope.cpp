#include "protocol/envelope.hpp"

#include <array>
#include <boost/json.hpp>

namespace cockpit::protocol {
namespace json = boost::json;
namespace {

constexpr std::array words{
    std::pair{EntryKind::run, std::string_view("run")},
    std::pair{EntryKind::cancel, std::string_view("cancel")},
    std::pair{EntryKind::ack, std::string_view("ack")},
    std::pair{EntryKind::fetch, std::string_view("fetch")},
    std::pair{EntryKind::hello, std::string_view("hello")},
    std::pair{EntryKind::received, std::string_view("received")},
    std::pair{EntryKind::started, std::string_view("started")},
    std::pair{EntryKind::output, std::string_view("output")},
    std::pair{EntryKind::finished, std::string_view("finished")},
    std::pair{EntryKind::refused, std::string_view("refused")},
};

std::expected<Entry, std::string> make_entry(const std::string* kind, const std::string* key_id,
                                             const std::string* body,
                                             const std::string* signature) {
    if (kind == nullptr || key_id == nullptr || body == nullptr || signature == nullptr) {
        return std::unexpected("an entry needs the fields t, k, b and s");
    }
    const auto parsed = parse_entry_kind(*kind);
    if (!parsed) return std::unexpected("unknown entry kind '" + *kind + "'");
    return Entry{*parsed, *key_id, *body, *signature};
}

}  // namespace

std::string_view to_text(EntryKind kind) {
    for (const auto& [value, word] : words) {
        if (value == kind) return word;
    }
    return "unknown";
}

std::optional<EntryKind> parse_entry_kind(std::string_view text) {
    for (const auto& [value, word] : words) {
        if (word == text) return value;
    }
    return std::nullopt;
}

std::string signing_input(EntryKind kind, std::string_view body) {
    static constexpr std::string_view domain("cockpit/1\0", 10);
    std::string input;
    input.reserve(domain.size() + 16 + body.size());
    input += domain;
    input += to_text(kind);
    input += '\0';
    input += body;
    return input;
}

std::vector<std::string> to_stream_fields(const Entry& entry) {
    return {"t", std::string(to_text(entry.kind)),
            "k", entry.key_id,
            "b", entry.body,
            "s", entry.signature};
}

std::expected<Entry, std::string> entry_from_stream_fields(
    const std::vector<std::pair<std::string, std::string>>& fields) {
    const auto find = [&](std::string_view name) -> const std::string* {
        const auto found =
            std::ranges::find(fields, name, &std::pair<std::string, std::string>::first);
        return found == fields.end() ? nullptr : &found->second;
    };
    return make_entry(find("t"), find("k"), find("b"), find("s"));
}

std::string to_channel_message(const Entry& entry) {
    return json::serialize(json::object{{"t", to_text(entry.kind)},
                                        {"k", entry.key_id},
                                        {"b", entry.body},
                                        {"s", entry.signature}});
}

std::expected<Entry, std::string> entry_from_channel_message(std::string_view message) {
    boost::system::error_code failed;
    const auto parsed = json::parse(message, failed);
    const auto* object = failed ? nullptr : parsed.if_object();
    if (object == nullptr) return std::unexpected("not a JSON object");
    std::array<std::optional<std::string>, 4> values;
    static constexpr std::array<std::string_view, 4> names{"t", "k", "b", "s"};
    for (std::size_t i = 0; i < names.size(); ++i) {
        const auto* value = object->if_contains(names[i]);
        if (value != nullptr && value->is_string()) values[i].emplace(value->get_string());
    }
    const auto pointer = [](const std::optional<std::string>& v) { return v ? &*v : nullptr; };
    return make_entry(pointer(values[0]), pointer(values[1]), pointer(values[2]),
                      pointer(values[3]));
}

}  // namespace cockpit::protocol
