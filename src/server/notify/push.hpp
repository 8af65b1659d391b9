#pragma once
// Incoming webhooks of git servers: is it theirs, and what was pushed. Pure.
//
// Sources: GitHub "Validating webhook deliveries" and "Webhook events and payloads"; GitLab
// "Webhooks" and "Webhook events"; Gitea "Webhooks".

#include <expected>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cockpit::notify {

enum class Provider { github, gitlab, gitea };
std::string_view to_text(Provider provider);
std::optional<Provider> parse_provider(std::string_view text);

using HeaderMap = std::map<std::string, std::string>;  ///< names in lower case

struct Push {
    std::string hook;  ///< the incoming webhook's name
    Provider provider = Provider::github;
    std::string delivery_id;        ///< the git server's, or a digest of the body
    std::string repository;         ///< "group/name"
    std::vector<std::string> urls;  ///< by which the repository may be cloned
    std::string branch;             ///< without refs/heads/
    std::string before;             ///< commit ids; before is all zeros for a new branch
    std::string after;
    std::string pusher;
};

/// Whether the request was made by somebody who knows the secret; in time that does not depend on
/// where it differs. GitHub and Gitea sign the body, GitLab sends the secret itself.
bool is_authentic(Provider provider, std::string_view secret, const HeaderMap& headers,
                  std::string_view body);

struct PushOrNot {
    std::optional<Push> push;
    std::string ignored_because;  ///< a sentence, without a push
};
/// The error is a sentence: the body is not what such an event has.
std::expected<PushOrNot, std::string> read_push(Provider provider, const HeaderMap& headers,
                                                std::string_view body);

}  // namespace cockpit::notify
