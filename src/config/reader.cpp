#include "config/reader.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>

namespace cockpit::config {
namespace {

std::string lower(std::string_view text) {
    std::string out(text);
    std::ranges::transform(out, out.begin(), [](unsigned char c) { return std::tolower(c); });
    return out;
}

}  // namespace

std::optional<std::string> Reader::optional_text(std::string_view key) {
    const auto found = environment_.find(std::string(key));
    if (found == environment_.end() || found->second.empty()) return std::nullopt;
    return found->second;
}

std::string Reader::text(std::string_view key, std::string_view fallback) {
    return optional_text(key).value_or(std::string(fallback));
}

std::int64_t Reader::integer(std::string_view key, std::int64_t fallback, std::int64_t low,
                             std::int64_t high) {
    const auto value = optional_text(key);
    if (!value) return fallback;
    std::int64_t number = 0;
    const auto [end, failed] =
        std::from_chars(value->data(), value->data() + value->size(), number);
    if (failed != std::errc{} || end != value->data() + value->size() || number < low ||
        number > high) {
        refuse(key, "'" + *value + "' is not a whole number from " + std::to_string(low) + " to " +
                        std::to_string(high));
        return fallback;
    }
    return number;
}

bool Reader::boolean(std::string_view key, bool fallback) {
    const auto value = optional_text(key);
    if (!value) return fallback;
    const auto word = lower(*value);
    if (word == "true" || word == "1" || word == "yes" || word == "on") return true;
    if (word == "false" || word == "0" || word == "no" || word == "off") return false;
    refuse(key, "'" + *value + "' is neither true nor false");
    return fallback;
}

std::vector<std::string> Reader::list(std::string_view key) {
    std::vector<std::string> parts;
    const auto value = optional_text(key).value_or("");
    std::size_t begin = 0;
    while (begin <= value.size()) {
        const auto end = std::min(value.find(',', begin), value.size());
        std::string_view part(value.data() + begin, end - begin);
        while (!part.empty() && std::isspace(static_cast<unsigned char>(part.front()))) {
            part.remove_prefix(1);
        }
        while (!part.empty() && std::isspace(static_cast<unsigned char>(part.back()))) {
            part.remove_suffix(1);
        }
        if (!part.empty()) parts.emplace_back(part);
        begin = end + 1;
    }
    return parts;
}

std::string Reader::choice(std::string_view key, std::string_view fallback,
                           const std::vector<std::string>& words) {
    const auto value = optional_text(key);
    if (!value) return std::string(fallback);
    std::string all;
    for (const auto& word : words) {
        if (lower(word) == lower(*value)) return word;
        all += (all.empty() ? "" : ", ") + word;
    }
    refuse(key, "'" + *value + "' is none of " + all);
    return std::string(fallback);
}

void Reader::refuse(std::string_view key, std::string_view sentence) {
    errors_.push_back(std::string(key) + ": " + std::string(sentence));
}

}  // namespace cockpit::config
