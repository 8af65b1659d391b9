#include "server/deployments/deployment_request.hpp"

#include <gmock/gmock.h>

#include <boost/json/parse.hpp>

namespace cockpit::deployments {
namespace {

using testing::HasSubstr;

std::expected<DeploymentRequest, std::string> read(const std::string& text) {
    return deployment_request_of(boost::json::parse(text).as_object());
}
std::string refusal(const std::string& files) {
    const auto request = read(R"({"files": )" + files + "}");
    return request ? "<accepted>" : request.error();
}

TEST(DeploymentRequestTest, FilesAsTextAsBytesAndGone) {
    const auto request = read(R"({"files": [{"path": "a", "content": "ü"},
        {"path": "b", "content_base64": "AP8="}, {"path": "c", "remove": true}],
        "message": "why", "force": true, "targets": "web-*"})");
    ASSERT_TRUE(request) << request.error();
    ASSERT_EQ(request->files.size(), 3u);
    EXPECT_EQ(request->files[0].content, "ü");
    EXPECT_EQ(request->files[1].content, std::string("\0\xff", 2));
    EXPECT_FALSE(request->files[2].content);
    EXPECT_EQ(request->message, "why");
    EXPECT_TRUE(request->forced);
    EXPECT_EQ(request->expression, "web-*");
    EXPECT_EQ(changes_of_text(to_text(request->files)), request->files);
    EXPECT_TRUE(read("{}")->files.empty());
}

TEST(DeploymentRequestTest, WhatIsWrongIsNamed) {
    EXPECT_THAT(refusal("1"), HasSubstr("it must be a list"));
    EXPECT_THAT(refusal("[1]"), HasSubstr("each must be an object with 'path'"));
    EXPECT_THAT(refusal(R"([{"path": "a"}])"), HasSubstr("of 'a', each must be"));
    EXPECT_THAT(refusal(R"([{"path": "../a", "content": ""}])"),
                HasSubstr("must not have . or .."));
    EXPECT_THAT(refusal(R"([{"path": "a", "content_base64": "?"}])"),
                HasSubstr("'content_base64' of 'a' is no base64"));
    EXPECT_THAT(refusal(R"([{"path": "a", "remove": false}])"), HasSubstr("of 'a'"));
    EXPECT_THAT(refusal(R"([{"path": "a", "content": ""}, {"path": "a", "content": ""}])"),
                HasSubstr("'a' is there twice"));
    EXPECT_THAT(read(R"({"message": "a\u0007"})").error(), HasSubstr("control characters"));
    EXPECT_THAT(read(R"({"force": 1})").error(), HasSubstr("'force' must be true or false"));
    EXPECT_THAT(read(R"({"revert": "id", "files": [{"path": "a", "content": ""}]})").error(),
                HasSubstr("'revert' brings its own files"));
    EXPECT_EQ(read(R"({"revert": "id"})")->revert, "id");
}

TEST(DeploymentRequestTest, WhatWasNotWrittenByUsIsNotRead) {
    for (const auto* wrong : {"", "{}", "[[1]]", R"([["a", "?"]])", R"([["a"]])"})
        EXPECT_FALSE(changes_of_text(wrong)) << wrong;
}

}  // namespace
}  // namespace cockpit::deployments
