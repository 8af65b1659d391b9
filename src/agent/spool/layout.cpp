#include "agent/spool/layout.hpp"

#include <sys/stat.h>

#include <cerrno>
#include <charconv>
#include <cstring>

namespace cockpit::spool {
namespace {

std::unexpected<std::string> failure(std::string_view what, const std::filesystem::path& path,
                                     const std::string& why) {
    return std::unexpected("cannot " + std::string(what) + " '" + path.string() + "': " + why);
}

OnDisk<void> make_private(const std::filesystem::path& path) {
    if (::mkdir(path.c_str(), 0700) == 0 || errno == EEXIST) return {};
    return failure("create the directory", path, std::strerror(errno));
}

template <typename Number>
std::optional<Number> to_number(std::string_view text) {
    Number number{};
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (failed != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return number;
}

}  // namespace

std::filesystem::path directory_of(const std::filesystem::path& root,
                                   const protocol::AttemptId& attempt) {
    return root / (attempt.command.text() + "." + std::to_string(attempt.attempt));
}

OnDisk<std::filesystem::path> create_directory(const std::filesystem::path& root,
                                               const protocol::AttemptId& attempt) {
    const auto directory = directory_of(root, attempt);
    for (const auto& path : {root, directory}) {
        if (auto made = make_private(path); !made) return std::unexpected(made.error());
    }
    return directory;
}

std::vector<protocol::AttemptId> attempts_in(const std::filesystem::path& root) {
    std::vector<protocol::AttemptId> found;
    std::error_code failed;
    for (const auto& entry : std::filesystem::directory_iterator(root, failed)) {
        const auto name = entry.path().filename().string();
        const auto dot = name.find('.');
        if (dot == std::string::npos) continue;
        auto command = protocol::CommandId::parse(std::string_view(name).substr(0, dot));
        const auto attempt = to_number<int>(std::string_view(name).substr(dot + 1));
        if (command && attempt && *attempt >= 1) found.push_back({*std::move(command), *attempt});
    }
    return found;
}

OnDisk<void> remove(const std::filesystem::path& root, const protocol::AttemptId& attempt) {
    const auto directory = directory_of(root, attempt);
    std::error_code failed;
    std::filesystem::remove_all(directory, failed);
    if (failed) return failure("remove", directory, failed.message());
    return {};
}

std::uint64_t size_on_disk(const std::filesystem::path& directory) {
    struct stat status{};
    if (::stat((directory / "output").c_str(), &status) != 0) return 0;
    return static_cast<std::uint64_t>(status.st_blocks) * 512;
}

std::string encode(const Making& making) {
    return std::to_string(making.limits.head) + " " + std::to_string(making.limits.tail) + "\n" +
           making.boot_id + "\n";
}

std::optional<Making> decode_making(std::string_view text) {
    const auto space = text.find(' ');
    const auto line_end = text.find('\n');
    if (space == std::string_view::npos || line_end == std::string_view::npos || space > line_end) {
        return std::nullopt;
    }
    const auto head = to_number<std::uint64_t>(text.substr(0, space));
    const auto tail = to_number<std::uint64_t>(text.substr(space + 1, line_end - space - 1));
    if (!head || !tail || *tail == 0) return std::nullopt;
    const auto rest = text.substr(line_end + 1);
    return Making{{*head, *tail}, std::string(rest.substr(0, rest.find('\n')))};
}

std::string current_boot_id() {
    const auto text = read_file("/proc/sys/kernel/random/boot_id");
    return text ? text->substr(0, text->find('\n')) : std::string();
}

}  // namespace cockpit::spool
