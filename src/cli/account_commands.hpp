#pragma once
// Signing in and out, and which server is meant.

#include <string>

#include "cli/failure.hpp"
#include "cli/session.hpp"

namespace cockpit::cli {

/// Each returns what the process ends with, or throws Failure.
Exit login(const std::string& url, std::string user, const std::string& context);
Exit logout(Session& session, const std::string& context);
Exit whoami(Session& session);
/// Sessions and API tokens of whoever is signed in.
Exit list_tokens(Session& session);
/// Prints it, and only now.
Exit make_token(Session& session, const std::string& name, int days);
Exit revoke_token(Session& session, const std::string& id);
Exit list_contexts(Format format);
Exit use_context(const std::string& name);

}  // namespace cockpit::cli
