#include "server/metrics/histogram.hpp"

#include <algorithm>
#include <array>

namespace cockpit::metrics {
namespace {

constexpr std::array command_bounds{0.005, 0.01, 0.025, 0.05, 0.1,  0.25,  0.5,     1.0,
                                    2.5,   5.0,  10.0,  30.0, 60.0, 300.0, 1'800.0, 7'200.0};
constexpr std::array server_bounds{0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
                                   0.1,    0.25,  0.5,    1.0,   2.5,  10.0};
constexpr std::array group_bounds{1.0, 2.0, 5.0, 10.0, 25.0, 50.0, 100.0, 250.0, 500.0, 1'000.0};

}  // namespace

Histogram::Histogram(std::span<const double> bounds)
    : bounds_(bounds.begin(), bounds.end()), counts_(bounds.size() + 1) {}

void Histogram::observe(double value) {
    const auto bound = std::ranges::lower_bound(bounds_, value);
    ++counts_[static_cast<std::size_t>(bound - bounds_.begin())];
    ++count_;
    sum_ += value;
}

std::span<const double> command_seconds() {
    return command_bounds;
}
std::span<const double> server_seconds() {
    return server_bounds;
}
std::span<const double> group_sizes() {
    return group_bounds;
}

}  // namespace cockpit::metrics
