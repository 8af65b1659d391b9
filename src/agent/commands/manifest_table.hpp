#pragma once
// Reads the keys of one table of a manifest and gathers what is wrong with them.

#include <filesystem>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/commands/toml_document.hpp"

namespace cockpit::commands {

/// All that is wrong with one file, each "file:line:column: sentence".
class Complaints {
  public:
    explicit Complaints(const std::filesystem::path& file) : file_(file.string()) {}
    void add(TextPosition position, std::string_view sentence);
    bool empty() const { return lines_.empty(); }
    std::size_t size() const { return lines_.size(); }
    std::vector<std::string> take() { return std::move(lines_); }

  private:
    std::string file_;
    std::vector<std::string> lines_;
};

/// One table. What is asked for and wrong is complained about and counts as absent.
class ManifestTable {
  public:
    /// Complains about keys that are not `allowed`. The table must outlive this.
    ManifestTable(const TomlValue::Table& table, TextPosition position, Complaints& complaints,
                  std::initializer_list<std::string_view> allowed);

    const TomlEntry* find(std::string_view key) const;
    std::optional<std::string> text(std::string_view key) const;
    std::optional<bool> boolean(std::string_view key) const;
    std::optional<std::int64_t> integer(std::string_view key) const;
    /// Complains when it is outside.
    std::optional<std::int64_t> integer(std::string_view key, std::int64_t low,
                                        std::int64_t high) const;
    std::optional<std::vector<std::string>> texts(std::string_view key) const;

    void complain(std::string_view key, std::string_view sentence) const;
    TextPosition position() const { return position_; }

  private:
    void wrong_kind(const TomlEntry& entry, std::string_view right) const;

    const TomlValue::Table& table_;
    TextPosition position_;
    Complaints& complaints_;
};

/// "; did you mean 'x'?" when one of the words is close, else "; it may be: …".
std::string suggestion(std::string_view wrong, const std::vector<std::string_view>& words);

}  // namespace cockpit::commands
