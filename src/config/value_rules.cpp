#include "config/value_rules.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>

namespace cockpit::config {

bool check_absolute_path(Reader& reader, std::string_view key, std::string_view path) {
    if (!path.starts_with('/')) {
        reader.refuse(key, "'" + std::string(path) + "' is not an absolute path (one from /)");
        return false;
    }
    const std::filesystem::path parts(path);
    if (std::ranges::find(parts, std::filesystem::path("..")) != parts.end()) {
        reader.refuse(key, "'" + std::string(path) + "' has '..' in it; write the path in full");
        return false;
    }
    return true;
}

std::optional<std::filesystem::path> read_absolute_path(Reader& reader, std::string_view key) {
    const auto value = reader.optional_text(key);
    if (!value || !check_absolute_path(reader, key, *value)) return std::nullopt;
    return std::filesystem::path(*value);
}

log::Level read_log_level(Reader& reader) {
    const auto word = reader.optional_text("LOGLEVEL");
    if (!word) return log::Level::info;
    const auto level = log::parse_level(*word);
    if (!level) {
        reader.refuse("LOGLEVEL",
                      "'" + *word + "' is none of DEBUG, INFO, WARNING, ERROR, CRITICAL");
    }
    return level.value_or(log::Level::info);
}

log::Format read_log_format(Reader& reader) {
    return reader.choice("LOG_FORMAT", "text", {"text", "json"}) == "json" ? log::Format::json
                                                                           : log::Format::text;
}

std::string system_hostname() {
    std::array<char, 256> name{};
    if (::gethostname(name.data(), name.size() - 1) != 0) return {};
    return name.data();
}

}  // namespace cockpit::config
