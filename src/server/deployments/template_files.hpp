#pragma once
// Files made of a service's templates, for the hosts they are meant for.
//
// Templates are mustache(5): {{name}} and {{{name}}} put in a value as it is (these are
// configuration files, nothing is escaped for HTML), {{#name}}…{{/name}} and {{^name}}…{{/name}}
// keep their inside unless the value is false, or where it is false ({{name}} of true or false puts
// in nothing), {{! …}} says nothing, and {{=<% %>=}} sets other marks, for files that need braces
// of their own. A name that has no value is an error. There are no partials and no functions.
//
// Of one name the value of the host stands before that of its groups, and theirs before the
// service's own. `agent_id` and `hostname` are always there.
//
// Every template is rendered for every host. A path that is the same for two hosts must hold the
// same then: put {{agent_id}} into the path where each host has a file of its own. Pure.

#include <boost/json/value.hpp>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/deployments/service.hpp"

namespace cockpit::deployments {

inline constexpr std::size_t most_templates = 100;
inline constexpr std::size_t most_template_bytes = 512 * 1024;
inline constexpr std::size_t most_files = 1'000;                 ///< of one deployment
inline constexpr std::size_t most_file_bytes = 8 * 1024 * 1024;  ///< of all of them

struct TemplateHost {
    std::string agent_id;
    std::string hostname;
    std::vector<std::string> groups;
};

/// What is wrong, as the rest of a sentence that begins with where it stood.
std::optional<std::string> wrong_template(const StoredTemplate& stored);
std::optional<std::string> wrong_variable(std::string_view name, const boost::json::value& value);

/// A text with this host's values in it. The error is the rest of a sentence.
std::expected<std::string, std::string> render_text(const Service& service,
                                                    const TemplateHost& host,
                                                    const std::string& text);

/// In the order of the templates; paths from the root of the repository. The error is a sentence.
std::expected<std::vector<FileChange>, std::string> render_templates(
    const Service& service, const std::vector<TemplateHost>& hosts);

}  // namespace cockpit::deployments
