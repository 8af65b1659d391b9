#include "log/log.hpp"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cctype>

namespace cockpit::log {
namespace {

Format current_format = Format::text;

spdlog::logger& logger() {
    static spdlog::logger instance = [] {
        spdlog::logger made("cockpit", std::make_shared<spdlog::sinks::stderr_sink_mt>());
        made.set_formatter(std::make_unique<spdlog::pattern_formatter>(
            "%Y-%m-%dT%H:%M:%S.%eZ %l %v", spdlog::pattern_time_type::utc));
        return made;
    }();
    return instance;
}

bool is_plain(std::string_view value) {
    return !value.empty() && std::ranges::all_of(value, [](unsigned char c) {
        return c > ' ' && c != '"' && c != '\\' && c != '=' && c != 0x7f;
    });
}

// JSON's escapes serve the text form too: a value can never start a new line or fake a field.
void append_quoted(std::string& out, std::string_view value) {
    out += '"';
    for (const unsigned char c : value) {
        if (c == '"' || c == '\\') {
            out += '\\';
            out += static_cast<char>(c);
        } else if (c < 0x20 || c == 0x7f) {
            static constexpr char digits[] = "0123456789abcdef";
            out += "\\u00";
            out += digits[c >> 4];
            out += digits[c & 15];
        } else {
            out += static_cast<char>(c);
        }
    }
    out += '"';
}

void write(spdlog::level::level_enum level, std::string_view sentence, Fields fields) {
    if (!logger().should_log(level)) return;
    std::string line;
    if (current_format == Format::json) {
        append_quoted(line, sentence);
        for (const auto& field : fields) {
            line += ',';
            append_quoted(line, field.name);
            line += ':';
            append_quoted(line, field.value);
        }
    } else {
        line = sentence;
        for (const auto& field : fields) {
            line += ' ';
            line += field.name;
            line += '=';
            if (is_plain(field.value)) {
                line += field.value;
            } else {
                append_quoted(line, field.value);
            }
        }
    }
    logger().log(level, spdlog::string_view_t(line.data(), line.size()));
    logger().flush();
}

}  // namespace

std::optional<Level> parse_level(std::string_view word) {
    std::string upper(word);
    std::ranges::transform(upper, upper.begin(), [](unsigned char c) { return std::toupper(c); });
    if (upper == "DEBUG") return Level::debug;
    if (upper == "INFO") return Level::info;
    if (upper == "WARNING" || upper == "WARN") return Level::warning;
    if (upper == "ERROR" || upper == "CRITICAL") return Level::error;
    return std::nullopt;
}

void configure(Level level, Format format) {
    static constexpr spdlog::level::level_enum levels[] = {
        spdlog::level::debug, spdlog::level::info, spdlog::level::warn, spdlog::level::err};
    logger().set_level(levels[static_cast<int>(level)]);
    current_format = format;
    if (format == Format::json) {
        logger().set_formatter(std::make_unique<spdlog::pattern_formatter>(
            R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l","message":%v})",
            spdlog::pattern_time_type::utc));
    }
}

void debug(std::string_view sentence, Fields fields) {
    write(spdlog::level::debug, sentence, fields);
}
void info(std::string_view sentence, Fields fields) {
    write(spdlog::level::info, sentence, fields);
}
void warning(std::string_view sentence, Fields fields) {
    write(spdlog::level::warn, sentence, fields);
}
void error(std::string_view sentence, Fields fields) {
    write(spdlog::level::err, sentence, fields);
}

}  // namespace cockpit::log
