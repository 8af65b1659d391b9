#pragma once
// A directory for manifests, and what reading one answers.

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "agent/commands/manifest.hpp"

namespace cockpit::commands {

class ManifestWorld {
  public:
    ManifestWorld() {
        char name[] = "/tmp/cockpit-manifests-XXXXXX";
        directory = std::filesystem::canonical(::mkdtemp(name));
    }
    ManifestWorld(const ManifestWorld&) = delete;
    ManifestWorld& operator=(const ManifestWorld&) = delete;
    ~ManifestWorld() { std::filesystem::remove_all(directory); }

    std::filesystem::path write(const std::string& name, const std::string& text) const {
        const auto file = directory / name;
        std::ofstream(file) << text;
        std::filesystem::permissions(file, std::filesystem::perms(0644));
        return file;
    }
    std::filesystem::path directory;
};

inline std::expected<Manifest, std::vector<std::string>> read(const std::string& text) {
    return read_manifest("/c/deploy.toml", text, {});
}

/// All complaints, a line each; "right" when there are none.
inline std::string complaints(const std::string& text) {
    const auto manifest = read(text);
    if (manifest) return "right";
    std::string lines;
    for (const auto& line : manifest.error())
        lines += line + "\n";
    return lines;
}

inline const std::string head = "description = \"d\"\n";

}  // namespace cockpit::commands
