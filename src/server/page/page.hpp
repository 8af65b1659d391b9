#pragma once
// The web page: files that were built into the program, given out by path. Pure.
//
// Files below /assets/ have their digest in their name and may be cached for ever; everything else
// is asked for again with its ETag. A path that names no file and looks like none (no dot in its
// last part) is a place inside the page for whoever accepts HTML, so it gets the page itself; for
// everybody else it is 404.

#include <span>
#include <string_view>

#include "server/http/message.hpp"

namespace cockpit::page {

/// Texts live as long as the program.
struct File {
    std::string_view path;  ///< "/index.html"
    std::string_view content_type;
    std::string_view digest;  ///< of the plain bytes, for the ETag
    std::string_view plain;
    std::string_view gzip;
};

/// Those that were built in; empty where the page was not built.
std::span<const File> built_in_files();

class Page {
  public:
    explicit Page(std::span<const File> files) : files_(files) {}

    /// 200, 304, 404 or 405.
    http::Response answer(const http::Request& request) const;

  private:
    const File* find(std::string_view path) const;
    std::span<const File> files_;
};

}  // namespace cockpit::page
