#include "config/environment.hpp"

#include <unistd.h>

#include <cctype>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <string_view>

namespace cockpit::config {
namespace {

std::string_view trim(std::string_view text) {
    while (!text.empty() && std::isspace(static_cast<unsigned char>(text.front()))) {
        text.remove_prefix(1);
    }
    while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back()))) {
        text.remove_suffix(1);
    }
    return text;
}

bool is_key(std::string_view key) {
    if (key.empty() || std::isdigit(static_cast<unsigned char>(key.front()))) return false;
    for (const unsigned char c : key) {
        if (!std::isalnum(c) && c != '_') return false;
    }
    return true;
}

// The value with its quotes or its trailing comment taken off; a sentence when a quote never
// closes.
std::expected<std::string, std::string> read_value(std::string_view text) {
    if (text.empty() || (text.front() != '"' && text.front() != '\'')) {
        if (const auto comment = text.find(" #"); comment != std::string_view::npos) {
            text = trim(text.substr(0, comment));
        }
        return std::string(text);
    }
    const char quote = text.front();
    std::string value;
    for (std::size_t i = 1; i < text.size(); ++i) {
        if (text[i] == quote) return value;
        if (quote == '"' && text[i] == '\\' && i + 1 < text.size()) {
            ++i;
            value += text[i] == 'n' ? '\n' : text[i] == 't' ? '\t' : text[i];
        } else {
            value += text[i];
        }
    }
    return std::unexpected(std::string("the closing ") + quote + " is missing");
}

}  // namespace

Environment process_environment() {
    Environment result;
    for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
        const std::string_view line(*entry);
        const auto equals = line.find('=');
        if (equals == std::string_view::npos) continue;
        result.emplace(line.substr(0, equals), line.substr(equals + 1));
    }
    return result;
}

std::expected<Environment, std::string> read_env_file(const std::filesystem::path& file) {
    std::ifstream in(file);
    if (!in) {
        return std::unexpected("cannot read '" + file.string() + "': " + std::strerror(errno));
    }
    Environment result;
    std::string line;
    for (int number = 1; std::getline(in, line); ++number) {
        auto text = trim(line);
        if (text.empty() || text.front() == '#') continue;
        if (text.starts_with("export ")) text = trim(text.substr(7));
        const auto equals = text.find('=');
        const auto key = trim(text.substr(0, equals));
        const auto at = file.string() + ":" + std::to_string(number) + ": ";
        if (equals == std::string_view::npos || !is_key(key)) {
            return std::unexpected(at + "expected KEY=VALUE");
        }
        auto value = read_value(trim(text.substr(equals + 1)));
        if (!value) return std::unexpected(at + std::string(key) + ": " + value.error());
        result[std::string(key)] = *std::move(value);
    }
    return result;
}

}  // namespace cockpit::config
