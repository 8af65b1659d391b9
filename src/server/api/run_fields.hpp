#pragma once
// The fields that say in which manner something goes to many hosts; runs and services have them.

#include <vector>

#include "server/api/field.hpp"

namespace cockpit::api {

/// As runs::manner_of() reads them.
std::vector<Field> manner_fields();

}  // namespace cockpit::api
