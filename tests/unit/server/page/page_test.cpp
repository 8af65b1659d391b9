#include "server/page/page.hpp"

#include <gmock/gmock.h>

namespace cockpit::page {
namespace {

using testing::HasSubstr;

const File files[] = {
    {"/index.html", "text/html", "d1", "the page itself", "packed"},
    {"/assets/app-1a2b.js", "text/javascript", "d2", "x", "longer than x"},
};

http::Request request(std::string path, std::map<std::string, std::string> headers = {},
                      std::string method = "GET") {
    return {.method = std::move(method),
            .path = path,
            .raw_path = path,
            .query = {},
            .headers = std::move(headers),
            .body = {},
            .peer_address = {},
            .id = {}};
}
std::string header(const http::Response& response, std::string_view name) {
    for (const auto& [key, value] : response.headers) {
        if (key == name) return value;
    }
    return "<absent>";
}

TEST(PageTest, PlacesInsideThePageGetThePage) {
    const Page page(files);
    for (const auto* path : {"/", "/index.html", "/agents", "/agents/web-1"}) {
        const auto answer =
            page.answer(request(path, {{"accept", "text/html,application/xhtml+xml"}}));
        EXPECT_EQ(answer.status, 200) << path;
        EXPECT_EQ(answer.body, "the page itself") << path;
        EXPECT_EQ(header(answer, "Cache-Control"), "no-cache");
        EXPECT_THAT(header(answer, "Content-Security-Policy"), HasSubstr("default-src 'none'"));
        EXPECT_EQ(header(answer, "X-Content-Type-Options"), "nosniff");
    }
}

TEST(PageTest, AProgramThatMistookAPathGetsNoPage) {
    const Page page(files);
    EXPECT_EQ(page.answer(request("/nowhere")).status, 404);
    EXPECT_EQ(page.answer(request("/nowhere", {{"accept", "*/*"}})).status, 404);
    EXPECT_EQ(page.answer(request("/", {{"accept", "*/*"}})).status, 200);
}

TEST(PageTest, FilesWithADigestInTheirNameAreCachedForEver) {
    const auto answer = Page(files).answer(request("/assets/app-1a2b.js"));
    EXPECT_EQ(answer.content_type, "text/javascript");
    EXPECT_EQ(header(answer, "Cache-Control"), "public, max-age=31536000, immutable");
    EXPECT_EQ(Page(files).answer(request("/assets/app-old.js")).status, 404)
        << "an old page must not get HTML for a script";
    EXPECT_EQ(Page(files).answer(request("/favicon.ico")).status, 404);
}

TEST(PageTest, PackedForWhoTakesItAndWhereItIsSmaller) {
    const Page page(files);
    const auto packed = page.answer(request("/", {{"accept-encoding", "br, gzip"}}));
    EXPECT_EQ(packed.body, "packed");
    EXPECT_EQ(header(packed, "Content-Encoding"), "gzip");
    EXPECT_EQ(header(packed, "Vary"), "Accept, Accept-Encoding");
    const auto plain = page.answer(request("/", {{"accept-encoding", "gzip;q=0"}}));
    EXPECT_EQ(plain.body, "the page itself");
    EXPECT_EQ(page.answer(request("/assets/app-1a2b.js", {{"accept-encoding", "gzip"}})).body, "x");
}

TEST(PageTest, WhatIsKnownIsNotSentAgain) {
    const auto answer = Page(files).answer(request("/", {{"if-none-match", "\"d1\""}}));
    EXPECT_EQ(answer.status, 304);
    EXPECT_EQ(answer.body, "");
    EXPECT_EQ(header(answer, "ETag"), "\"d1\"");
}

TEST(PageTest, ItIsOnlyRead) {
    const auto answer = Page(files).answer(request("/", {}, "POST"));
    EXPECT_EQ(answer.status, 405);
    EXPECT_EQ(header(answer, "Allow"), "GET, HEAD");
}

TEST(PageTest, WithoutAPageTheServerSaysSo) {
    const auto answer = Page({}).answer(request("/"));
    EXPECT_EQ(answer.status, 404);
    EXPECT_THAT(answer.body, HasSubstr("this server was built without its page"));
}

}  // namespace
}  // namespace cockpit::page
