#include "server/runs/masking.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace cockpit::runs {
namespace {

const std::vector<std::string> names{"web-1", "web-1.example.org"};

TEST(Masking, RowByRow) {
    struct Row {
        std::string output;
        std::string masked;
    };
    for (const auto& row : std::vector<Row>{
             {"", ""},
             {"Already up to date.\n", "Already up to date."},
             // The host's name, as a word of its own.
             {"web-1: ok", "<host>: ok"},
             {"WEB-1.example.org is up", "<host> is up"},
             {"web-1.", "<host>."},
             {"web-10 web-1-data my-web-1 xweb-1", "web-# web-#-data my-web-# xweb-#"},
             {"/srv/web-1/config", "/srv/<host>/config"},
             // Numbers, sizes, ids.
             {"37 files, 1,024 lines (12.5%)", "# files, # lines (#%)"},
             {"-5 +7", "-# +#"},
             {"sda1 python3.11 v1.2.3", "sda# python# v#"},
             {"used 20G of 1.5T, 300 MiB free, 12 bytes", "used # of #, # free, #"},
             {"20Gx 5 Good", "#Gx # Good"},
             {"a1b2c3d..e4f5a6b", "#..#"},
             {"1234567..a1b2c3d", "#..#"},
             {"HEAD is now at 4f5a6b7c8d9e0f1a2b3c4d5e6f708192a3b4c5d6", "HEAD is now at #"},
             {"0x7ffd 0xZ", "# #xZ"},
             {"7ff17341-2a90-4f43-85d3-a9eae6a82737", "#"},
             {"facades and decades", "facades and decades"},
             // Times and dates.
             {"2026-11-25 02:10:33.123 x", "<time> x"},
             {"2026-11-25T02:10:33Z", "<time>"},
             {"2026-11-25T02:10:33.5+01:00", "<time>"},
             {"25.11.2026 7:05", "<time>"},
             {"Wed Nov 25 02:10:33 UTC", "<time> # <time> UTC"},
             {"Nov  5 02:10:33", "<time> # <time>"},
             {"May the fourth, Sun and Mon", "May the fourth, Sun and Mon"},
             {"at 23:59", "at <time>"},
             // Durations.
             {"took 1.5s", "took <duration>"},
             {"up 3 days, 2:10", "up <duration>, <time>"},
             {"2h 5min 3s ago; 12ms", "<duration> ago; <duration>"},
             {"3 seconds", "<duration>"},
             {"5 minutesX", "# minutesX"},
             // Addresses.
             {"10.0.0.7:8080 and 192.168.1.0/24", "<ip> and <ip>"},
             {"1.2.3.4.5", "#"},
             {"fe80::1%eth0 2001:db8::a:b/64 ::1", "<ip>%eth# <ip> <ip>"},
             {"52:54:00:ab:cd:ef", "<ip>"},
             {"a::b(c)", "<ip>(c)"},
             {"std::string", "std::string"},
             // What is drawn.
             {"config.ini | 14 +++++++-------", "config.ini | # +-"},
             {"=====> 100%\r\nx\t  y  \n\n", "=> #%\nx y"},
             // Text that is no ASCII.
             {"zürich é5 5µs", "zürich é# <duration>"}}) {
        EXPECT_EQ(masked(row.output, names), row.masked) << row.output;
    }
}

TEST(Masking, WithoutNamesNothingIsAHost) {
    EXPECT_EQ(masked("web-1", {}), "web-#");
    const std::vector<std::string> empty{""};
    EXPECT_EQ(masked("web", empty), "web");
}

TEST(Masking, LongRunsOfAnythingTakeLinearTime) {
    for (const std::string piece : {"a:", "1", "a1", "1.", "0x", "f", "-", "1:", "Mon ", "µ"}) {
        std::string text;
        while (text.size() < 500'000)
            text += piece;
        EXPECT_LE(masked(text, names).size(), 3 * text.size()) << piece;
    }
}

}  // namespace
}  // namespace cockpit::runs
