#pragma once
// The history as a file that is made while it is sent.

#include <boost/json/object.hpp>
#include <memory>
#include <string>

#include "server/dispatch/command_store.hpp"
#include "server/http/message.hpp"

namespace cockpit::api {

enum class ExportFormat { csv, json_lines };

/// The members of an object as one line of CSV (RFC 4180), those that are objects as JSON. Text
/// that a spreadsheet would take for a formula gets an apostrophe before it.
std::string csv_line(const boost::json::object& object);
/// The names of its members.
std::string csv_header(const boost::json::object& object);

/// All rows that the query lets through, page by page; its `limit` does not count. Throws, and so
/// cuts the connection, when the store fails. `store` must outlive it.
std::shared_ptr<http::BodyStream> history_export(dispatch::CommandStore& store,
                                                 dispatch::HistoryQuery query, ExportFormat format);

}  // namespace cockpit::api
