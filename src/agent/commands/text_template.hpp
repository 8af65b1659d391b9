#pragma once
// Text with placeholders: "--id={id}". "{{" and "}}" stand for the braces themselves. Pure.

#include <expected>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cockpit::commands {

class TextTemplate {
  public:
    struct Error {
        std::size_t offset;  ///< where in the text, in bytes
        std::string reason;
    };
    static std::expected<TextTemplate, Error> parse(std::string_view text);

    /// The names in it, in their order, each as often as it occurs.
    std::vector<std::string> placeholders() const;
    /// The one placeholder that it consists of, if it does.
    const std::string* only_placeholder() const;

    struct Filled {
        std::string text;
        /// The placeholder whose value the text begins with, if one does.
        std::optional<std::string> begins_with;
    };
    /// Always one text, whatever the values hold. `value_of` must know every name.
    Filled fill(const std::function<std::string(const std::string&)>& value_of) const;

  private:
    struct Part {
        bool placeholder;
        std::string text;  // or the name
    };
    std::vector<Part> parts_;
};

}  // namespace cockpit::commands
