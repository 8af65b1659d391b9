#pragma once
// Rules of values that agent and server share. Each reads its key from the reader, records what is
// wrong there, and answers something harmless in that case: the caller looks at reader.errors() in
// the end.

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "config/reader.hpp"
#include "log/log.hpp"

namespace cockpit::config {

/// A path that begins with / and has no ".." in it.
std::optional<std::filesystem::path> read_absolute_path(Reader& reader, std::string_view key);
/// Records under `key` what is wrong with `path`; whether nothing was.
bool check_absolute_path(Reader& reader, std::string_view key, std::string_view path);

/// LOGLEVEL in the original's words, and LOG_FORMAT.
log::Level read_log_level(Reader& reader);
log::Format read_log_format(Reader& reader);

/// The name of this host by gethostname(2); empty when the system does not say.
std::string system_hostname();

}  // namespace cockpit::config
