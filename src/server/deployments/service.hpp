#pragma once
// A service: where its files come from, who gets them, and how its hosts take them up. Read from
// the JSON of a request, and from the JSON that is kept, by the same rules. Pure.

#include <boost/json/object.hpp>
#include <expected>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "server/deployments/git_source.hpp"
#include "server/runs/run_request.hpp"

namespace cockpit::deployments {

/// A file that is made anew for each deployment; path and body are templates (template_files.hpp).
struct StoredTemplate {
    std::string path;
    std::string body;
};

/// Text or true/false by name.
using Variables = boost::json::object;

struct Service {
    std::string name;
    std::string remote;
    std::string branch;
    std::string path;  ///< of its files from the root of the repository; empty: the root
    std::string author_name;
    std::string author_email;
    GitCredentials::Kind credentials = GitCredentials::Kind::none;
    std::string username;
    std::string known_hosts;
    std::string targets;  ///< an expression of docs/targets.md
    // Each text of these three may have variables of the host in it, as templates do.
    std::string repository_path;  ///< of the clone on the hosts
    std::string container;        ///< empty: nothing is restarted
    boost::json::object check;    ///< parameters of health_check; empty: nothing is checked
    runs::Manner manner;          ///< waves, and how commands are sent
    bool deploy_on_push = false;
    std::vector<StoredTemplate> templates{};
    Variables variables{};                               ///< of every host
    std::map<std::string, Variables> group_variables{};  ///< by group
    std::map<std::string, Variables> host_variables{};   ///< by agent id
};

/// What was asked for, apart: a secret is not part of what is kept readable.
struct ServiceDraft {
    Service service{};
    boost::json::object definition{};  ///< all of it but the name and the secret
    std::optional<std::string> secret{};
    bool names_credentials = false;  ///< false: those that were there before stay
};

/// The error is a sentence that names the field. `allow_local` as for wrong_remote().
std::expected<ServiceDraft, std::string> service_draft_of(std::string name,
                                                          const boost::json::object& request,
                                                          bool allow_local);

/// From what service_draft_of() made.
std::expected<Service, std::string> service_of(std::string name, const std::string& definition);

std::string_view to_text(GitCredentials::Kind kind);
std::optional<GitCredentials::Kind> parse_credentials_kind(std::string_view text);

/// From the root of the repository.
std::string full_path(const Service& service, const std::string& path);

}  // namespace cockpit::deployments
