#include "server/api/views.hpp"

#include <gmock/gmock.h>

#include <boost/json/serialize.hpp>

namespace cockpit::api {
namespace {

TEST(IsoTime, IsUtcWithMilliseconds) {
    EXPECT_EQ(iso_time(0), "1970-01-01T00:00:00.000Z");
    EXPECT_EQ(iso_time(1'700'000'000'042), "2023-11-14T22:13:20.042Z");
    EXPECT_EQ(iso_time(1'709'251'199'999), "2024-02-29T23:59:59.999Z");
    EXPECT_EQ(iso_time(-1), "1969-12-31T23:59:59.999Z");
}

TEST(CommandView, HasTheOriginalsNamesAndNullForWhatIsNotKnown) {
    const auto view = to_json(dispatch::CommandRecord{.id = 3,
                                                      .agent_id = "web-1",
                                                      .command_id = "c",
                                                      .command = "echo",
                                                      .params = R"({"message":"hi"})",
                                                      .sent_at_ms = 1'700'000'000'042,
                                                      .sent_by = "admin",
                                                      .expires_at_ms = 1'700'000'010'042});
    EXPECT_EQ(boost::json::serialize(view),
              R"({"id":3,"command_id":"c","agent_id":"web-1","command":"echo",)"
              R"("params":{"message":"hi"},"status":"pending","output":null,"error":null,)"
              R"("execution_time_ms":null,"exit_code":null,"sent_at":"2023-11-14T22:13:20.042Z",)"
              R"("delivered_at":null,"started_at":null,"completed_at":null,"sent_by":"admin",)"
              R"("attempt":1,"signal":null,"cpu_ms":null,"peak_memory_bytes":null,)"
              R"("containment":null,"output_bytes":null,"output_sha256":null,)"
              R"("expires_at":"2023-11-14T22:13:30.042Z",)"
              R"("next_attempt_at":null,"cancel_requested_at":null,"cancel_requested_by":null})");
}

TEST(CommandView, OutputThatIsNotUtf8AndParamsThatAreNotJsonDoNoHarm) {
    const auto view =
        to_json(dispatch::CommandRecord{.params = "not json", .output = "a\xff", .sent_by = "x"});
    EXPECT_EQ(view.at("output").as_string(), "a\xef\xbf\xbd");
    EXPECT_TRUE(view.at("params").as_object().empty());
}

}  // namespace
}  // namespace cockpit::api
