#pragma once
// A spool in a directory of its own.

#include <gtest/gtest.h>
#include <stdlib.h>

#include <cstdint>
#include <filesystem>
#include <string>

#include "agent/spool/layout.hpp"
#include "agent/spool/reader.hpp"
#include "agent/spool/writer.hpp"

namespace cockpit::spool {

inline constexpr std::string_view this_boot = "boot-1";

/// A byte that its offset determines, so that one in the wrong place is seen.
inline char byte_at(std::uint64_t offset) {
    auto x = (offset + 1) * 0x9e3779b97f4a7c15;
    x ^= x >> 29;
    x *= 0xbf58476d1ce4e5b9;
    return static_cast<char>(x >> 56);
}
inline std::string bytes_from(std::uint64_t offset, std::size_t count) {
    std::string bytes(count, '\0');
    for (std::size_t i = 0; i < count; ++i)
        bytes[i] = byte_at(offset + i);
    return bytes;
}

class SpoolTest : public testing::Test {
  protected:
    SpoolTest() {
        char name[] = "/tmp/cockpit-spool-XXXXXX";
        if (::mkdtemp(name) == nullptr) throw std::runtime_error("cannot make a directory in /tmp");
        directory_ = name;
    }
    ~SpoolTest() override { std::filesystem::remove_all(directory_); }

    Writer writer(Limits limits) {
        auto made = Writer::create(directory_, limits, this_boot);
        if (!made) throw std::runtime_error(made.error());
        return *std::move(made);
    }
    Reader reader(std::string_view boot_id = this_boot) {
        auto opened = Reader::open(directory_, boot_id);
        if (!opened) throw std::runtime_error(opened.error());
        return *std::move(opened);
    }

    std::filesystem::path directory_;
};

}  // namespace cockpit::spool
