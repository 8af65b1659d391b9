// Any text as a target expression: it is refused with a place inside it, or it can be printed,
// parsed again and resolved.

#include <cstdint>
#include <cstdlib>
#include <iostream>

#include "unit/server/targets/fleet.hpp"

namespace {

using namespace cockpit::targets;

void expect(bool truth, std::string_view what, std::string_view text) {
    if (truth) return;
    std::cerr << what << ": " << text << "\n";
    std::abort();
}

void expect_place(const TargetError& error, std::string_view text) {
    expect(error.column >= 1 && error.column <= text.size() + 1, "column outside of the text",
           text);
    expect(!error.sentence.empty(), "no sentence", text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const auto hosts = six_hosts();
    static const auto groups = four_groups();
    const std::string text(data, data + size);
    const auto expression = Expression::parse(text);
    if (!expression) {
        expect_place(expression.error(), text);
        return 0;
    }
    const auto printed = expression->text();
    if (printed.size() <= Expression::max_bytes) {
        const auto again = Expression::parse(printed);
        expect(again && *again == *expression, "printed, it is another", text);
        expect(again->text() == printed, "printed twice, it is another", text);
    }
    const auto choice = resolve(*expression, hosts, groups);
    if (!choice) expect_place(choice.error(), text);
    return 0;
}
