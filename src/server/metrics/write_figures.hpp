#pragma once

#include <cstdint>

#include "server/metrics/histogram.hpp"

namespace cockpit::metrics {

/// How the database's writer does, since the server started.
struct WriteFigures {
    Histogram group_sizes{metrics::group_sizes()};  ///< writes in a transaction
    Histogram seconds{server_seconds()};            ///< for a transaction, its sync included
    std::int64_t waiting = 0;                       ///< writes that no transaction has yet
};

}  // namespace cockpit::metrics
