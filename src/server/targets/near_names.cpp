#include "server/targets/near_names.hpp"

#include <algorithm>
#include <array>
#include <numeric>
#include <vector>

namespace cockpit::targets {
namespace {

constexpr std::size_t longest = 64;
constexpr std::size_t shown = 3;

// How many letters must be added, taken away, exchanged or swapped with their neighbour (optimal
// string alignment). Both at most `longest`.
std::size_t distance(std::string_view a, std::string_view b) {
    using Row = std::array<std::size_t, longest + 1>;
    Row before_last{};
    Row last{};
    Row row{};
    std::iota(last.begin(), last.end(), 0);
    for (std::size_t i = 1; i <= a.size(); ++i) {
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const bool same = a[i - 1] == b[j - 1];
            row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (same ? 0 : 1)});
            const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
            if (swapped) row[j] = std::min(row[j], before_last[j - 2] + 1);
        }
        before_last = last;
        last = row;
    }
    return last[b.size()];
}

}  // namespace

std::string did_you_mean(std::string_view wrong, const NameSource& names) {
    if (wrong.empty() || wrong.size() > longest) return "";
    auto most = std::clamp<std::size_t>(wrong.size() / 3, 1, 2);
    std::vector<std::string> near;
    names([&](std::string_view name) {
        if (name.size() > longest || name.size() > wrong.size() + most ||
            name.size() + most < wrong.size()) {
            return;
        }
        const auto away = distance(wrong, name);
        if (away > most) return;
        if (away < most) near.clear();
        most = away;
        if (near.size() < shown) near.emplace_back(name);
    });
    std::string sentence;
    for (std::size_t i = 0; i < near.size(); ++i) {
        const bool last = i + 1 == near.size();
        sentence += (i == 0 ? "; did you mean '" : last ? " or '" : ", '") + near[i] + "'";
    }
    return sentence.empty() ? "" : sentence + "?";
}

}  // namespace cockpit::targets
