#include "server/page/page.hpp"

#include <algorithm>

namespace cockpit::page {
namespace {

// Nothing from elsewhere, nothing inline, nobody's frame (https://www.w3.org/TR/CSP3/). What comes
// by scripts as a property of an element, such as the place of a row, is no inline style to it.
constexpr std::string_view content_security_policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

bool names_a_file(std::string_view path) {
    return path.substr(path.rfind('/') + 1).contains('.');
}

// A browser that goes to an address says that it wants HTML (Fetch standard, section 2.2.7); a
// program that mistook a path must get 404, not a page.
bool is_a_visit(const http::Request& request) {
    const auto accepted = request.header("accept");
    return accepted && accepted->contains("text/html");
}

bool takes_gzip(const http::Request& request) {
    const auto accepted = request.header("accept-encoding");
    return accepted && accepted->contains("gzip") && !accepted->contains("gzip;q=0");
}

void add_common(http::Response& response) {
    response.headers.emplace_back("Content-Security-Policy", content_security_policy);
    response.headers.emplace_back("X-Content-Type-Options", "nosniff");
    response.headers.emplace_back("Referrer-Policy", "no-referrer");
}

}  // namespace

const File* Page::find(std::string_view path) const {
    const auto found = std::ranges::find(files_, path, &File::path);
    return found == files_.end() ? nullptr : &*found;
}

http::Response Page::answer(const http::Request& request) const {
    if (request.method != "GET" && request.method != "HEAD") {
        auto response = http::problem(405, "the page is only read");
        response.headers.emplace_back("Allow", "GET, HEAD");
        return response;
    }
    const auto* file = find(request.path);
    const bool place = request.path == "/" || (is_a_visit(request) && !names_a_file(request.path));
    if (file == nullptr && place) file = find("/index.html");
    if (file == nullptr) {
        return http::problem(404, files_.empty() ? "this server was built without its page; "
                                                   "./dev up builds both, and needs Node 20.19"
                                                 : "there is no such file");
    }
    const bool for_ever = file->path.starts_with("/assets/");
    const auto tag = "\"" + std::string(file->digest) + "\"";
    http::Response response{.content_type = std::string(file->content_type)};
    add_common(response);
    response.headers.emplace_back("Cache-Control",
                                  for_ever ? "public, max-age=31536000, immutable" : "no-cache");
    response.headers.emplace_back("ETag", tag);
    response.headers.emplace_back("Vary", "Accept, Accept-Encoding");
    if (const auto known = request.header("if-none-match"); known && known->contains(tag)) {
        response.status = 304;
        return response;
    }
    const bool packed = takes_gzip(request) && file->gzip.size() < file->plain.size();
    if (packed) response.headers.emplace_back("Content-Encoding", "gzip");
    response.body = packed ? file->gzip : file->plain;
    return response;
}

}  // namespace cockpit::page
