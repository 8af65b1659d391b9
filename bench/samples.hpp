#pragma once
// What all benchmark programs share: measure `warm_up` rounds for nothing, then `samples` rounds,
// and print each of the latter on a line of its own, in nanoseconds. Sorting and judging is
// bench/run.py's.

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

namespace cockpit::bench {

/// The value of "--name=VALUE" among the arguments; throws when it is not there.
inline std::string argument(int count, char** words, const std::string& name) {
    const auto key = "--" + name + "=";
    for (int i = 1; i < count; ++i) {
        const std::string word = words[i];
        if (word.starts_with(key)) return word.substr(key.size());
    }
    throw std::invalid_argument("missing argument " + key + "VALUE");
}

inline int number(int count, char** words, const std::string& name) {
    return std::stoi(argument(count, words, name));
}

/// Takes --warm-up=N, --samples=N and --at-most=SECONDS: fewer samples, when the machine is slow.
inline void measure(int count, char** words, const std::function<void()>& round) {
    using Clock = std::chrono::steady_clock;
    const int warm_up = number(count, words, "warm-up");
    const auto samples = static_cast<std::size_t>(number(count, words, "samples"));
    const auto end = Clock::now() + std::chrono::seconds(number(count, words, "at-most"));
    for (int i = 0; i < warm_up; ++i)
        round();
    std::vector<long long> taken;
    taken.reserve(samples);
    while (taken.size() < samples) {
        const auto began = Clock::now();
        round();
        const auto ended = Clock::now();
        taken.push_back(std::chrono::nanoseconds(ended - began).count());
        if (ended > end) break;
    }
    for (const auto nanoseconds : taken)
        std::printf("%lld\n", nanoseconds);
}

/// Runs `body`; its exception becomes a sentence on standard error and exit code 1.
inline int run(const char* program, const std::function<void()>& body) {
    try {
        body();
        return EXIT_SUCCESS;
    } catch (const std::exception& failure) {
        std::fprintf(stderr, "%s: %s\n", program, failure.what());
        return EXIT_FAILURE;
    }
}

}  // namespace cockpit::bench
