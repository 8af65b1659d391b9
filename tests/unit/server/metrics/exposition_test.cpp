#include "server/metrics/exposition.hpp"

#include <gmock/gmock.h>

#include <array>

namespace cockpit::metrics {
namespace {

TEST(Exposition, IsWhatPrometheusReads) {
    Exposition out;
    out.family("jobs_total", "counter", "How many.");
    out.sample(3, {{"kind", "a"}});
    out.family("up", "gauge", "Whether.");
    out.sample(0.5);
    EXPECT_EQ(out.take(),
              "# HELP jobs_total How many.\n# TYPE jobs_total counter\njobs_total{kind=\"a\"} 3\n"
              "# HELP up Whether.\n# TYPE up gauge\nup 0.5\n");
}

TEST(Exposition, ValuesOfLabelsAreEscaped) {
    Exposition out;
    out.family("x", "gauge", "X.");
    out.sample(1, {{"name", "a\"b\\c\nd"}});
    EXPECT_THAT(out.take(), testing::HasSubstr(R"(x{name="a\"b\\c\nd"} 1)"));
}

TEST(Exposition, BucketsOfAHistogramAddUp) {
    Histogram histogram(std::array{0.1, 1.0});
    for (const double value : {0.05, 0.1, 0.5, 7.0})
        histogram.observe(value);
    Exposition out;
    out.family("took", "histogram", "Took.");
    out.sample(histogram, {{"what", "y"}});
    EXPECT_THAT(out.take(), testing::EndsWith("took_bucket{what=\"y\",le=\"0.1\"} 2\n"
                                              "took_bucket{what=\"y\",le=\"1\"} 3\n"
                                              "took_bucket{what=\"y\",le=\"+Inf\"} 4\n"
                                              "took_sum{what=\"y\"} 7.65\n"
                                              "took_count{what=\"y\"} 4\n"));
}

}  // namespace
}  // namespace cockpit::metrics
