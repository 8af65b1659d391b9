#pragma once
// The parts of shapes(), by subject.

#include <vector>

#include "server/api/shape.hpp"

namespace cockpit::api {

std::vector<Shape> host_shapes();
std::vector<Shape> run_shapes();
std::vector<Shape> event_shapes();

}  // namespace cockpit::api
