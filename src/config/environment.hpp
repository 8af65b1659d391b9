#pragma once
// Where settings come from: the process environment and a `.env` file, the environment winning.

#include <expected>
#include <filesystem>
#include <map>
#include <string>

namespace cockpit::config {

using Environment = std::map<std::string, std::string>;

Environment process_environment();

/// Reads KEY=VALUE lines as python-dotenv does: blank lines and # comments are skipped, `export `
/// is allowed, values may stand in single or double quotes, an unquoted value ends before " #". The
/// error names file and line. A file that does not exist is an error too: the caller decides
/// whether it must.
std::expected<Environment, std::string> read_env_file(const std::filesystem::path& file);

}  // namespace cockpit::config
