#include "server/metrics/exposition.hpp"

#include <charconv>

namespace cockpit::metrics {
namespace {

std::string number(double value) {
    char text[32];
    const auto end = std::to_chars(text, text + sizeof text, value).ptr;
    return {text, end};
}

void add_escaped(std::string& text, std::string_view value) {
    for (const char c : value) {
        if (c == '\n') {
            text += "\\n";
        } else {
            if (c == '\\' || c == '"') text += '\\';
            text += c;
        }
    }
}

}  // namespace

void Exposition::family(std::string_view name, std::string_view type, std::string_view help) {
    name_ = name;
    text_.append("# HELP ").append(name).append(" ").append(help).append("\n# TYPE ");
    text_.append(name).append(" ").append(type).append("\n");
}

void Exposition::line(std::string_view suffix, double value, Labels labels,
                      std::string_view bound) {
    text_.append(name_).append(suffix);
    char before = '{';
    const auto label = [&](std::string_view name, std::string_view text) {
        text_ += before;
        text_.append(name).append("=\"");
        add_escaped(text_, text);
        text_ += '"';
        before = ',';
    };
    for (const auto& [name, text] : labels)
        label(name, text);
    if (!bound.empty()) label("le", bound);
    if (before == ',') text_ += '}';
    text_.append(" ").append(number(value)).append("\n");
}

void Exposition::sample(double value, Labels labels) {
    line("", value, labels);
}

void Exposition::sample(const Histogram& histogram, Labels labels) {
    std::uint64_t up_to = 0;
    for (std::size_t i = 0; i < histogram.bounds().size(); ++i) {
        up_to += histogram.counts()[i];
        line("_bucket", static_cast<double>(up_to), labels, number(histogram.bounds()[i]));
    }
    line("_bucket", static_cast<double>(histogram.count()), labels, "+Inf");
    line("_sum", histogram.sum(), labels);
    line("_count", static_cast<double>(histogram.count()), labels);
}

}  // namespace cockpit::metrics
