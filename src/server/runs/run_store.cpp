#include "server/runs/run_store.hpp"

namespace cockpit::runs {

std::string_view to_text(Wish wish) {
    switch (wish) {
        case Wish::pause:
            return "pause";
        case Wish::resume:
            return "resume";
        case Wish::cancel:
            return "cancel";
    }
    return "unknown";
}

std::optional<Wish> parse_wish(std::string_view text) {
    for (const auto wish : {Wish::pause, Wish::resume, Wish::cancel}) {
        if (to_text(wish) == text) return wish;
    }
    return std::nullopt;
}

}  // namespace cockpit::runs
