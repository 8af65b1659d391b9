#include "protocol/sealed_value.hpp"

#include <gtest/gtest.h>

#include <boost/json.hpp>

namespace cockpit::protocol {
namespace {

const auto web = *AgentId::parse("web-1");
const auto first = *CommandId::parse("00000000-0000-4000-8000-000000000001");
const auto second = *CommandId::parse("00000000-0000-4000-8000-000000000002");

TEST(SealedValue, is_good_for_one_host_command_and_parameter) {
    const auto text = text_to_seal({web, first, "token"}, "s3cret");
    EXPECT_EQ(value_from_seal({web, first, "token"}, text), "s3cret");
    const auto other = *AgentId::parse("web-2");
    EXPECT_FALSE(value_from_seal({other, first, "token"}, text));
    EXPECT_FALSE(value_from_seal({web, second, "token"}, text));
    EXPECT_FALSE(value_from_seal({web, first, "toke"}, text));
    EXPECT_FALSE(value_from_seal({web, first, "token2"}, text));
    EXPECT_FALSE(value_from_seal({web, first, "token"}, ""));
    EXPECT_EQ(value_from_seal({web, first, "t"}, text_to_seal({web, first, "t"}, "")), "");
}

TEST(SealedValue, as_json) {
    EXPECT_EQ(box_from_json(sealed_to_json("Ym94")), "Ym94");
    for (const auto* text :
         {"\"Ym94\"", "{}", "{\"sealed\":1}", "{\"sealed\":\"a\",\"x\":1}", "null"})
        EXPECT_FALSE(box_from_json(boost::json::parse(text))) << text;
}

}  // namespace
}  // namespace cockpit::protocol
