// Any text as a cron expression: it is refused with a place inside it, or its next time is found
// and fits, and nothing fits in the hour before it.

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <iostream>

#include "server/schedules/cron.hpp"

namespace {

void expect(bool truth, std::string_view what, std::string_view text) {
    if (truth) return;
    std::cerr << what << ": " << text << "\n";
    std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using cockpit::schedules::Cron;
    const std::string text(data, data + size);
    const auto cron = Cron::parse(text);
    if (!cron) {
        expect(cron.error().column >= 1 && cron.error().column <= text.size() + 1,
               "column outside of the text", text);
        expect(!cron.error().sentence.empty(), "no sentence", text);
        return 0;
    }
    constexpr std::int64_t from = 1'790'000'000;
    const auto found = cron->first_in(from, from + Cron::horizon_s);
    expect(found.has_value(), "never due", text);
    expect(cron->fits(*found), "due when it does not fit", text);
    for (auto at = std::max(from, *found - 3600); at < *found; ++at)
        expect(!cron->fits(at), "fits earlier", text);
    return 0;
}
