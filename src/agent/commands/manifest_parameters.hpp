#pragma once
// The [parameters.NAME] tables of a manifest.

#include "agent/commands/manifest.hpp"
#include "agent/commands/manifest_table.hpp"

namespace cockpit::commands {

struct DeclaredParameter {
    protocol::ParameterSchema schema;
    ParameterRule rule;
    TextPosition position;
};

/// In the order of the file. What is wrong is complained about.
std::vector<DeclaredParameter> read_parameters(const ManifestTable& root, Complaints& complaints);

}  // namespace cockpit::commands
