#pragma once
// Which servers a person uses and how they are signed in there, in one file that only they may
// read: $XDG_CONFIG_HOME/cockpit/contexts.json, else ~/.config/cockpit/contexts.json.

#include <filesystem>
#include <map>
#include <string>

namespace cockpit::cli {

struct Context {
    std::string url;    ///< http://… or https://…, without a slash at the end
    std::string user;   ///< who signed in
    std::string token;  ///< empty: signed out
};

struct Contexts {
    std::string current;  ///< a name, or empty
    std::map<std::string, Context> named;
};

/// By XDG_CONFIG_HOME and HOME. Throws Failure when neither is there.
std::filesystem::path contexts_file();

/// Nothing in it when there is no such file. Throws Failure when others may read it, or it is not
/// ours.
Contexts load_contexts(const std::filesystem::path& file);

/// Replaces the file in one step, mode 0600; makes its directory, mode 0700.
void save_contexts(const std::filesystem::path& file, const Contexts& contexts);

/// The one to use: COCKPIT_URL and COCKPIT_TOKEN where they are set, else the one named `wanted`,
/// else the current one. Throws Failure with what to do when there is none.
Context choose_context(const Contexts& contexts, const std::string& wanted);

/// Checked, and without a slash at the end. Throws Failure for what is no http or https URL.
std::string server_url(std::string text);

}  // namespace cockpit::cli
