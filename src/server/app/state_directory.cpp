#include "server/app/state_directory.hpp"

namespace cockpit::server {

std::expected<void, std::string> make_state_directory(const std::filesystem::path& directory) {
    std::error_code failed;
    if (std::filesystem::create_directories(directory, failed)) {
        std::filesystem::permissions(directory, std::filesystem::perms::owner_all, failed);
    }
    if (failed) {
        return std::unexpected("cannot make the state directory '" + directory.string() +
                               "': " + failed.message() +
                               "; set COCKPIT_STATE_DIR to a directory this user may write");
    }
    return {};
}

std::filesystem::path server_key_file(const std::filesystem::path& state_directory) {
    return state_directory / "server.key";
}

}  // namespace cockpit::server
