#pragma once
// Turns raw settings into typed values and collects what is wrong, so that a person sees every
// mistake at once, each with the key's name and what would be right.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/environment.hpp"

namespace cockpit::config {

class Reader {
  public:
    explicit Reader(const Environment& environment) : environment_(environment) {}

    /// An empty value counts as not set, as in the original's .env files.
    std::string text(std::string_view key, std::string_view fallback);
    std::optional<std::string> optional_text(std::string_view key);
    std::int64_t integer(std::string_view key, std::int64_t fallback, std::int64_t low,
                         std::int64_t high);
    bool boolean(std::string_view key, bool fallback);
    /// Comma separated; parts are trimmed, empty parts dropped.
    std::vector<std::string> list(std::string_view key);
    /// One of `words`; compared without case and returned as spelt in `words`.
    std::string choice(std::string_view key, std::string_view fallback,
                       const std::vector<std::string>& words);

    /// For rules that Reader does not know: records "KEY: sentence".
    void refuse(std::string_view key, std::string_view sentence);
    const std::vector<std::string>& errors() const { return errors_; }

  private:
    const Environment& environment_;
    std::vector<std::string> errors_;
};

}  // namespace cockpit::config
