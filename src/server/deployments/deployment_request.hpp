#pragma once
// What is to be deployed, read from JSON. Errors are sentences that name the field. Pure.

#include <boost/json/object.hpp>
#include <expected>
#include <string>
#include <vector>

#include "server/deployments/git_source.hpp"

namespace cockpit::deployments {

struct DeploymentRequest {
    std::vector<FileChange> files;  ///< paths from the service's `path`
    std::string message;            ///< of the commit; empty: one is made up
    bool forced = false;            ///< also where nothing changed, and in maintenance
    std::string expression;         ///< which of the service's hosts; empty: all
    /// A deployment of the same service: what it changed becomes what it was before; empty: none.
    std::string revert;
    /// The files of that, as resolved by the engine: paths from the root of the repository. They
    /// come as they were, so the templates make nothing.
    std::vector<FileChange> reverted;
};

/// `files` (each with `path` and one of `content`, `content_base64`, `remove`), `message`, `force`,
/// `targets`, `revert`; all may be absent, and other members are not looked at.
std::expected<DeploymentRequest, std::string> deployment_request_of(
    const boost::json::object& request);

/// Files as they are kept until they are committed, and back; nothing for what is none of ours.
std::string to_text(const std::vector<FileChange>& changes);
std::optional<std::vector<FileChange>> changes_of_text(const std::string& text);

}  // namespace cockpit::deployments
