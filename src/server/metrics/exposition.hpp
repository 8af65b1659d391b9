#pragma once
// Writes the text that Prometheus reads: version 0.0.4 of its exposition format
// (https://prometheus.io/docs/instrumenting/exposition_formats/).

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "server/metrics/histogram.hpp"

namespace cockpit::metrics {

inline constexpr std::string_view exposition_type = "text/plain; version=0.0.4; charset=utf-8";

class Exposition {
  public:
    /// Names are literals of ours; values are escaped.
    using Labels = std::initializer_list<std::pair<std::string_view, std::string_view>>;

    /// Begins a metric. Its samples follow, before the next one begins. `type` is counter, gauge
    /// or histogram.
    void family(std::string_view name, std::string_view type, std::string_view help);
    /// Of the metric that was begun last.
    void sample(double value, Labels labels = {});
    void sample(const Histogram& histogram, Labels labels = {});

    std::string take() { return std::move(text_); }

  private:
    void line(std::string_view suffix, double value, Labels labels, std::string_view bound = {});

    std::string text_;
    std::string name_;
};

}  // namespace cockpit::metrics
