#include "agent/commands/user_account.hpp"

#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#include <cstring>

namespace cockpit::commands {
namespace {

// What getpwnam_r and getpwuid_r point into.
struct Entry {
    passwd user{};
    passwd* found = nullptr;
    std::vector<char> text = std::vector<char>(16'384);
};

std::vector<gid_t> groups_of(const std::string& name, gid_t first) {
    std::vector<gid_t> groups(64);
    int count = static_cast<int>(groups.size());
    if (::getgrouplist(name.c_str(), first, groups.data(), &count) < 0) {
        groups.resize(static_cast<std::size_t>(count));
        ::getgrouplist(name.c_str(), first, groups.data(), &count);
    }
    groups.resize(static_cast<std::size_t>(count));
    return groups;
}

}  // namespace

std::expected<RunAs, std::string> find_account(const std::string& name) {
    Entry entry;
    const int error =
        ::getpwnam_r(name.c_str(), &entry.user, entry.text.data(), entry.text.size(), &entry.found);
    if (entry.found == nullptr) {
        return std::unexpected("user '" + name + "' is not known on this host" +
                               (error != 0 ? std::string(": ") + std::strerror(error) : ""));
    }
    RunAs account{.name = entry.user.pw_name, .home = entry.user.pw_dir};
    if (entry.user.pw_uid == ::geteuid()) return account;
    if (::geteuid() != 0) {
        return std::unexpected("this agent cannot run a command as '" + name +
                               "': only root can become another user, and the agent runs with "
                               "user id " +
                               std::to_string(::geteuid()) +
                               "; run the agent as root, or leave 'user' out");
    }
    account.change = runtime::ChildUser{.uid = entry.user.pw_uid,
                                        .gid = entry.user.pw_gid,
                                        .groups = groups_of(name, entry.user.pw_gid)};
    return account;
}

std::expected<RunAs, std::string> own_account() {
    Entry entry;
    ::getpwuid_r(::geteuid(), &entry.user, entry.text.data(), entry.text.size(), &entry.found);
    // A container may run us under a number without a name.
    if (entry.found == nullptr) return RunAs{.name = std::to_string(::geteuid()), .home = "/"};
    return RunAs{.name = entry.user.pw_name, .home = entry.user.pw_dir};
}

}  // namespace cockpit::commands
