#pragma once
// Log lines for the operator: one line per event, to standard error, a sentence followed by fields.
//
//   log::info("command finished", {{"command_id", id.text()}, {"status", "success"}});
//   2026-11-24T10:00:00.000Z info command finished command_id=… status=success
//
// Secrets never go into a field. Safe from any thread; nothing is logged before configure() but to
// the default level (info, text).

#include <concepts>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

namespace cockpit::log {

enum class Level { debug, info, warning, error };
enum class Format { text, json };

/// A named value in a log line. Numbers are written as they are, text is quoted where it needs it.
struct Field {
    std::string_view name;
    std::string value;

    Field(std::string_view field_name, std::string field_value)
        : name(field_name), value(std::move(field_value)) {}
    Field(std::string_view field_name, std::string_view field_value)
        : name(field_name), value(field_value) {}
    Field(std::string_view field_name, const char* field_value)
        : name(field_name), value(field_value) {}
    Field(std::string_view field_name, std::integral auto number)
        : name(field_name), value(std::to_string(number)) {}
};
using Fields = std::initializer_list<Field>;

/// The level of the original's LOGLEVEL words (DEBUG, INFO, WARNING, ERROR, CRITICAL), any case.
std::optional<Level> parse_level(std::string_view word);

void configure(Level level, Format format);

void debug(std::string_view sentence, Fields fields = {});
void info(std::string_view sentence, Fields fields = {});
void warning(std::string_view sentence, Fields fields = {});
void error(std::string_view sentence, Fields fields = {});

}  // namespace cockpit::log
