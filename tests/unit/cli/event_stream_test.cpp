#include "cli/event_stream.hpp"

#include <gmock/gmock.h>

namespace cockpit::cli {
namespace {

TEST(EventStream, EventsComeWhole) {
    EventStream stream;
    const auto events = stream.feed("event: output\nid: 5\ndata: {\"a\":1}\n\n: a comment\n\n");
    ASSERT_EQ(events.size(), 1u);
    EXPECT_EQ(events[0].type, "output");
    EXPECT_EQ(events[0].id, "5");
    EXPECT_EQ(events[0].data, "{\"a\":1}");
}

TEST(EventStream, WhereverTheBytesAreCut) {
    const std::string text = "event: a\r\ndata: one\ndata: two\r\n\r\nid:7\ndata:x\n\n";
    for (std::size_t cut = 0; cut <= text.size(); ++cut) {
        EventStream stream;
        auto events = stream.feed(text.substr(0, cut));
        for (auto& event : stream.feed(text.substr(cut)))
            events.push_back(event);
        ASSERT_EQ(events.size(), 2u) << cut;
        EXPECT_EQ(events[0].data, "one\ntwo");
        EXPECT_EQ(events[1].data, "x");
        EXPECT_EQ(events[1].id, "7");
        EXPECT_EQ(events[1].type, "");
    }
}

}  // namespace
}  // namespace cockpit::cli
