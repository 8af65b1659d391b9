#include "agent/commands/text_template.hpp"

namespace cockpit::commands {

std::expected<TextTemplate, TextTemplate::Error> TextTemplate::parse(std::string_view text) {
    TextTemplate result;
    std::string literal;
    const auto end_literal = [&] {
        if (!literal.empty()) result.parts_.push_back({false, std::exchange(literal, {})});
    };
    for (std::size_t at = 0; at < text.size(); ++at) {
        const char c = text[at];
        if (c != '{' && c != '}') {
            literal += c;
            continue;
        }
        if (at + 1 < text.size() && text[at + 1] == c) {
            literal += c;
            ++at;
            continue;
        }
        if (c == '}') return std::unexpected(Error{at, "'}' closes nothing; write '}}' for one"});
        const auto close = text.find_first_of("{}", at + 1);
        if (close == std::string_view::npos || text[close] == '{') {
            return std::unexpected(
                Error{at, "'{' is not closed; write {name} for a parameter, '{{' for a brace"});
        }
        if (close == at + 1) {
            return std::unexpected(Error{at, "'{}' names no parameter; write {name}"});
        }
        end_literal();
        result.parts_.push_back({true, std::string(text.substr(at + 1, close - at - 1))});
        at = close;
    }
    end_literal();
    return result;
}

std::vector<std::string> TextTemplate::placeholders() const {
    std::vector<std::string> names;
    for (const auto& part : parts_) {
        if (part.placeholder) names.push_back(part.text);
    }
    return names;
}

const std::string* TextTemplate::only_placeholder() const {
    return parts_.size() == 1 && parts_.front().placeholder ? &parts_.front().text : nullptr;
}

TextTemplate::Filled TextTemplate::fill(
    const std::function<std::string(const std::string&)>& value_of) const {
    Filled filled;
    for (const auto& part : parts_) {
        const auto text = part.placeholder ? value_of(part.text) : part.text;
        if (filled.text.empty() && !text.empty() && part.placeholder) {
            filled.begins_with = part.text;
        }
        filled.text += text;
    }
    return filled;
}

}  // namespace cockpit::commands
