// A command that must not run twice: it appends its id to a file, prints bytes that can be
// foretold, and ends.
//
//   append_line --file=PATH --id=TEXT [--bytes=N] [--text=true|false] [--to=stdout|both]
//               [--sleep-ms=N] [--failures=N] [--exit-code=N] [--alone=PATH]
//
// The line is "ID PID\n", written with one O_APPEND write before anything else. With --alone the
// file PATH is locked as long as it runs; when another one holds the lock, a second line
// "ID PID overlap\n" tells of it.
//
// The output is N bytes of SplitMix64 seeded with FNV-1a (64 bits) of the id, each number little
// endian; with --text=true each byte is made a letter, 'a' plus its value modulo 26.
// tests/faults/printed.py computes the same. It is printed in pieces spread over the sleep; with
// --to=both they go to standard output and standard error in turn.
//
// While the file holds at most --failures lines of this id, its own included, it ends with
// --exit-code (default 3), else with 0. Exit code 2: wrong arguments; 4: the line or the output
// could not be written.

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <map>
#include <string>
#include <string_view>
#include <thread>

namespace {

constexpr int wrong_arguments = 2;
constexpr int cannot_write = 4;
constexpr std::size_t piece_bytes = 4096;

using Arguments = std::map<std::string, std::string, std::less<>>;

Arguments parse(int count, char** values) {
    Arguments arguments;
    for (int i = 1; i < count; ++i) {
        const std::string_view word = values[i];
        const auto equals = word.find('=');
        if (!word.starts_with("--") || equals == std::string_view::npos) {
            std::cerr << "append_line: '" << word << "' is not --name=value\n";
            std::exit(wrong_arguments);
        }
        arguments.emplace(word.substr(2, equals - 2), word.substr(equals + 1));
    }
    return arguments;
}

std::uint64_t number(const Arguments& arguments, std::string_view name, std::uint64_t otherwise) {
    const auto found = arguments.find(name);
    if (found == arguments.end()) return otherwise;
    std::uint64_t value = 0;
    const auto& text = found->second;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) {
        std::cerr << "append_line: --" << name << "=" << text << " is not a number\n";
        std::exit(wrong_arguments);
    }
    return value;
}

bool write_all(int descriptor, std::string_view bytes) {
    while (!bytes.empty()) {
        const auto written = ::write(descriptor, bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return false;
        bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return true;
}

// One write, so that lines of programs that run at the same time never mix.
bool append(const std::string& file, const std::string& line) {
    const int descriptor =
        ::open(file.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);  // NOLINT
    if (descriptor < 0) return false;
    const bool whole =
        ::write(descriptor, line.data(), line.size()) == static_cast<ssize_t>(line.size());
    return (::close(descriptor) == 0) && whole;
}

// Holds the lock until the program has ended, however it ends; false when another one holds it.
bool is_alone(const std::string& file) {
    const int descriptor = ::open(file.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0666);  // NOLINT
    return descriptor >= 0 && ::flock(descriptor, LOCK_EX | LOCK_NB) == 0;
}

std::uint64_t lines_of(const std::string& file, const std::string& id) {
    std::ifstream in(file);
    std::uint64_t count = 0;
    for (std::string line; std::getline(in, line);) {
        if (line.starts_with(id + " ") && !line.ends_with(" overlap")) ++count;
    }
    return count;
}

std::uint64_t fnv1a(std::string_view text) {
    std::uint64_t hash = 0xcbf29ce484222325U;
    for (const char letter : text) {
        hash = (hash ^ static_cast<unsigned char>(letter)) * 0x100000001b3U;
    }
    return hash;
}

class SplitMix64 {
  public:
    explicit SplitMix64(std::uint64_t seed) : state_(seed) {}
    std::uint64_t next() {
        std::uint64_t z = (state_ += 0x9e3779b97f4a7c15U);
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
        return z ^ (z >> 31);
    }

  private:
    std::uint64_t state_;
};

std::string bytes_of(std::string_view id, std::size_t count) {
    SplitMix64 random(fnv1a(id));
    std::string bytes;
    bytes.reserve(count + 8);
    while (bytes.size() < count) {
        auto value = random.next();
        for (int i = 0; i < 8; ++i, value >>= 8)
            bytes.push_back(static_cast<char>(value & 0xff));
    }
    bytes.resize(count);
    return bytes;
}

}  // namespace

int main(int count, char** values) {
    const auto arguments = parse(count, values);
    const auto file = arguments.find("file");
    const auto id = arguments.find("id");
    if (file == arguments.end() || id == arguments.end()) {
        std::cerr << "append_line: --file and --id are required\n";
        return wrong_arguments;
    }
    const auto line = id->second + " " + std::to_string(::getpid());
    const auto alone = arguments.find("alone");
    const bool overlaps = alone != arguments.end() && !is_alone(alone->second);
    if (!append(file->second, line + "\n") ||
        (overlaps && !append(file->second, line + " overlap\n"))) {
        std::cerr << "append_line: " << file->second << " cannot be written\n";
        return cannot_write;
    }

    auto output = bytes_of(id->second, number(arguments, "bytes", 0));
    if (const auto text = arguments.find("text");
        text != arguments.end() && text->second == "true") {
        for (char& byte : output)
            byte = static_cast<char>('a' + static_cast<unsigned char>(byte) % 26);
    }
    const auto pieces = std::max<std::size_t>(1, (output.size() + piece_bytes - 1) / piece_bytes);
    const auto pause = std::chrono::microseconds(number(arguments, "sleep-ms", 0) * 1000 / pieces);
    const auto to = arguments.find("to");
    const bool both = to != arguments.end() && to->second == "both";
    for (std::size_t piece = 0; piece < pieces; ++piece) {
        if (pause.count() > 0) std::this_thread::sleep_for(pause);
        const auto descriptor = both && piece % 2 == 1 ? STDERR_FILENO : STDOUT_FILENO;
        const auto begin = piece * piece_bytes;
        if (!write_all(descriptor, std::string_view(output).substr(begin, piece_bytes))) {
            return cannot_write;
        }
    }

    const auto failures = number(arguments, "failures", 0);
    if (failures > 0 && lines_of(file->second, id->second) <= failures) {
        return static_cast<int>(number(arguments, "exit-code", 3));
    }
    return EXIT_SUCCESS;
}
