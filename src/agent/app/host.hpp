#pragma once
// What the agent finds on its host: who it is, and the directory that is its own.

#include <expected>
#include <filesystem>
#include <string>

namespace cockpit::agent_app {

std::string operating_system();  ///< PRETTY_NAME of os-release(5), or the kernel's name
std::string architecture();      ///< as `uname -m`
std::string boot_id();           ///< new with each boot; empty where the kernel does not tell

/// The state directory, held by one agent at a time until this dies.
class StateDirectory {
  public:
    /// Makes it (0700) when there is none, takes the rights of others away, locks it. The error is
    /// a sentence.
    static std::expected<StateDirectory, std::string> claim(const std::filesystem::path& directory);
    StateDirectory(StateDirectory&& other) noexcept;
    StateDirectory& operator=(StateDirectory&&) = delete;
    ~StateDirectory();

    const std::filesystem::path& path() const { return path_; }

  private:
    StateDirectory(std::filesystem::path path, int lock) : path_(std::move(path)), lock_(lock) {}
    std::filesystem::path path_;
    int lock_;
};

}  // namespace cockpit::agent_app
