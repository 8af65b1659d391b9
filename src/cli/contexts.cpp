#include "cli/contexts.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>

#include "cli/failure.hpp"

namespace cockpit::cli {
namespace json = boost::json;
namespace {

std::string variable(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? "" : value;
}

std::string text_of(const json::object& object, std::string_view name) {
    const auto* value = object.if_contains(name);
    return value != nullptr && value->is_string() ? std::string(value->get_string()) : "";
}

Contexts parse(const std::string& text, const std::filesystem::path& file) {
    boost::system::error_code error;
    const auto value = json::parse(text, error);
    const auto* object = error ? nullptr : value.if_object();
    const auto* named = object == nullptr ? nullptr : object->if_contains("contexts");
    if (named == nullptr || !named->is_object()) {
        throw Failure(Exit::usage, "'" + file.string() + "' is not what cockpitctl wrote",
                      "move it away and sign in again: cockpitctl login URL");
    }
    Contexts contexts{.current = text_of(*object, "current")};
    for (const auto& [name, context] : named->get_object()) {
        if (const auto* fields = context.if_object()) {
            contexts.named[name] = {.url = text_of(*fields, "url"),
                                    .user = text_of(*fields, "user"),
                                    .token = text_of(*fields, "token")};
        }
    }
    return contexts;
}

}  // namespace

std::filesystem::path contexts_file() {
    if (const auto config = variable("XDG_CONFIG_HOME"); !config.empty())
        return std::filesystem::path(config) / "cockpit" / "contexts.json";
    if (const auto home = variable("HOME"); !home.empty())
        return std::filesystem::path(home) / ".config" / "cockpit" / "contexts.json";
    throw Failure(Exit::usage, "neither XDG_CONFIG_HOME nor HOME is set",
                  "set COCKPIT_URL and COCKPIT_TOKEN instead of signing in");
}

Contexts load_contexts(const std::filesystem::path& file) {
    struct stat status{};
    if (::stat(file.c_str(), &status) != 0) return {};
    if ((status.st_mode & 077) != 0) {
        throw Failure(Exit::usage, "others may read '" + file.string() + "', which holds tokens",
                      "chmod 600 '" + file.string() + "'; then make new tokens if others did");
    }
    std::ifstream in(file);
    return parse({std::istreambuf_iterator<char>(in), {}}, file);
}

void save_contexts(const std::filesystem::path& file, const Contexts& contexts) {
    json::object named;
    for (const auto& [name, context] : contexts.named)
        named[name] = {{"url", context.url}, {"user", context.user}, {"token", context.token}};
    const auto text =
        json::serialize(json::object{{"current", contexts.current}, {"contexts", named}}) + "\n";
    const auto fail = [&] {
        throw Failure(Exit::usage,
                      "'" + file.string() + "' cannot be written: " + std::strerror(errno));
    };
    std::error_code error;
    std::filesystem::create_directories(file.parent_path().parent_path(), error);
    if (::mkdir(file.parent_path().c_str(), 0700) != 0 && errno != EEXIST) fail();
    auto next = file.string() + ".XXXXXX";
    const int descriptor = ::mkostemp(next.data(), O_CLOEXEC);  // mode 0600: mkstemp(3)
    if (descriptor < 0) fail();
    const bool written =
        ::write(descriptor, text.data(), text.size()) == static_cast<ssize_t>(text.size());
    ::close(descriptor);
    if (!written || ::rename(next.c_str(), file.c_str()) != 0) {
        ::unlink(next.c_str());
        fail();
    }
}

Context choose_context(const Contexts& contexts, const std::string& wanted) {
    const auto url = variable("COCKPIT_URL");
    const auto token = variable("COCKPIT_TOKEN");
    const auto name = wanted.empty() ? contexts.current : wanted;
    const auto found = contexts.named.find(name);
    if (!wanted.empty() && found == contexts.named.end()) {
        throw Failure(Exit::usage, "there is no context '" + wanted + "'",
                      "cockpitctl context list shows those there are");
    }
    if (wanted.empty() && !url.empty()) return {.url = server_url(url), .token = token};
    if (found == contexts.named.end()) {
        throw Failure(Exit::not_permitted, "no server is known",
                      "cockpitctl login URL, or set COCKPIT_URL and COCKPIT_TOKEN");
    }
    auto context = found->second;
    if (wanted.empty() && !token.empty()) context.token = token;
    return context;
}

std::string server_url(std::string text) {
    while (text.ends_with('/'))
        text.pop_back();
    const auto scheme = text.find("://");
    const bool known = text.starts_with("http://") || text.starts_with("https://");
    if (!known || text.size() <= scheme + 3) {
        throw Failure(Exit::usage, "'" + text + "' is no address of a server",
                      "it looks like https://cockpit.example.org or http://localhost:8000");
    }
    return text;
}

}  // namespace cockpit::cli
