#pragma once
// How many values were how large: counts by upper bounds that are fixed from the start, as
// Prometheus wants them. Not for several threads at once.

#include <cstdint>
#include <span>
#include <vector>

namespace cockpit::metrics {

class Histogram {
  public:
    /// `bounds` grow; a value counts for the first bound that is not smaller, or beyond them all.
    explicit Histogram(std::span<const double> bounds);

    void observe(double value);

    const std::vector<double>& bounds() const { return bounds_; }
    /// One for each bound, and one for what is beyond the last.
    const std::vector<std::uint64_t>& counts() const { return counts_; }
    std::uint64_t count() const { return count_; }
    double sum() const { return sum_; }

  private:
    std::vector<double> bounds_;
    std::vector<std::uint64_t> counts_;
    std::uint64_t count_ = 0;
    double sum_ = 0;
};

/// In seconds: of commands, which take from milliseconds to hours.
std::span<const double> command_seconds();
/// In seconds: of what a server does itself.
std::span<const double> server_seconds();
/// Of writes that share a transaction.
std::span<const double> group_sizes();

}  // namespace cockpit::metrics
