#pragma once
// What every sub-command works with.

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "cli/api_client.hpp"
#include "cli/table.hpp"

namespace cockpit::cli {

inline constexpr auto base = "/api/cockpit-agent";

struct Session {
    ApiClient api;
    Format format = Format::table;

    /// To standard output.
    void print(const std::vector<Column>& columns, const boost::json::array& rows) const;
    /// A table has one line for each member.
    void print(const boost::json::object& one) const;
};

/// A member that our server always sends; empty text where it does not.
std::string text_at(const boost::json::object& object, std::string_view member);
std::int64_t number_at(const boost::json::object& object, std::string_view member);
const boost::json::array& list_at(const boost::json::object& object, std::string_view member);

}  // namespace cockpit::cli
