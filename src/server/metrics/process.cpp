#include "server/metrics/process.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace cockpit::metrics {
namespace {

std::string text_of(const char* file) {
    std::ifstream in(file);
    return {std::istreambuf_iterator<char>(in), {}};
}

double boot_time() {
    std::istringstream lines(text_of("/proc/stat"));
    for (std::string word; lines >> word;) {
        double value = 0;
        if (word == "btime" && lines >> value) return value;
    }
    return 0;
}

}  // namespace

Process parse_process(std::string_view stat, double ticks, double page_bytes, double boot_s) {
    // The second field is the program's name in parentheses and may hold anything.
    const auto name_end = stat.rfind(')');
    if (name_end == std::string_view::npos) return {};
    std::istringstream rest{std::string(stat.substr(name_end + 1))};
    std::vector<std::string> fields{"", ""};  // so that the index is proc(5)'s number less one
    for (std::string field; rest >> field;)
        fields.push_back(field);
    if (fields.size() < 24) return {};
    const auto value = [&](int number) {
        return std::stod(fields[static_cast<std::size_t>(number - 1)]);
    };
    return {.cpu_seconds = (value(14) + value(15)) / ticks,
            .started_at_s = boot_s + value(22) / ticks,
            .resident_bytes = static_cast<std::int64_t>(value(24) * page_bytes),
            .virtual_bytes = static_cast<std::int64_t>(value(23))};
}

Process this_process() {
    auto process =
        parse_process(text_of("/proc/self/stat"), static_cast<double>(::sysconf(_SC_CLK_TCK)),
                      static_cast<double>(::sysconf(_SC_PAGESIZE)), boot_time());
    std::error_code error;
    for (std::filesystem::directory_iterator entry("/proc/self/fd", error), end;
         !error && entry != end; entry.increment(error))
        ++process.open_descriptors;
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) == 0)
        process.most_descriptors = static_cast<std::int64_t>(limit.rlim_cur);
    return process;
}

}  // namespace cockpit::metrics
