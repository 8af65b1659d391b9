#include "cli/parameters.hpp"

#include <gmock/gmock.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "cli/failure.hpp"

namespace cockpit::cli {
namespace {

std::string of(const std::vector<std::string>& words, std::string_view schema = "{}") {
    return boost::json::serialize(parameters_of(words, boost::json::parse(schema).as_object()));
}

TEST(Parameters, JsonIsThatAndTheRestIsText) {
    EXPECT_EQ(of({"n=5", "on=true", "list=[1,2]", "text=hello there", "path=/srv/x", "empty="}),
              R"({"n":5,"on":true,"list":[1,2],"text":"hello there","path":"/srv/x","empty":""})");
    EXPECT_EQ(of({"query=a=b"}), R"({"query":"a=b"})");
}

TEST(Parameters, WhatTheHostCallsAStringIsText) {
    const auto* schema = R"({"parameters":[{"name":"message","type":"string"},
                                           {"name":"count","type":"integer"}]})";
    EXPECT_EQ(of({"message=5", "count=5"}, schema), R"({"message":"5","count":5})");
}

TEST(Parameters, OthersAreRefusedWithWhatWouldBeRight) {
    for (const auto* wrong : {"hello", "=x", ""}) {
        try {
            of({wrong});
            FAIL() << wrong;
        } catch (const Failure& failure) {
            EXPECT_EQ(failure.code, Exit::usage);
            EXPECT_EQ(failure.what(), "'" + std::string(wrong) + "' is no parameter");
            EXPECT_EQ(failure.hint, "parameters are NAME=VALUE, as in message=hello");
        }
    }
    EXPECT_THROW(of({"a=1", "a=2"}), Failure);
}

}  // namespace
}  // namespace cockpit::cli
