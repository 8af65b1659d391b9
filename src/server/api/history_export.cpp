#include "server/api/history_export.hpp"

#include <boost/json/serialize.hpp>
#include <stdexcept>

#include "runtime/await_callback.hpp"
#include "server/api/views.hpp"

namespace cockpit::api {
namespace asio = boost::asio;
namespace json = boost::json;
namespace {

constexpr int rows_at_once = 200;

std::string cell(std::string text) {
    // What host printed may be anything, and whoever opens the file did not write it
    // (https://owasp.org/www-community/attacks/CSV_Injection).
    if (!text.empty() && std::string_view("=+-@\t\r").contains(text.front())) text.insert(0, "'");
    if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
    std::string quoted = "\"";
    for (const char c : text) {
        if (c == '"') quoted += '"';
        quoted += c;
    }
    return quoted + "\"";
}

std::string text_of_value(const json::value& value) {
    if (value.is_null()) return "";
    if (value.is_string()) return cell(std::string(value.get_string()));
    auto text = json::serialize(value);
    return value.is_structured() ? cell(std::move(text)) : text;
}

class HistoryExport final : public http::BodyStream {
  public:
    HistoryExport(dispatch::CommandStore& store, dispatch::HistoryQuery query, ExportFormat format)
        : store_(store), query_(std::move(query)), format_(format) {
        query_.limit = rows_at_once;
    }

    asio::awaitable<std::optional<std::string>> next() override {
        std::string text;
        if (std::exchange(first_, false) && format_ == ExportFormat::csv) {
            text = csv_header(to_json(dispatch::CommandRecord{}));
        }
        while (text.empty() && !over_) {
            using Page = dispatch::StoreResult<dispatch::HistoryPage>;
            auto page = co_await runtime::await_callback<Page>(
                [&](auto done) { store_.history(query_, std::move(done)); });
            if (!page) throw std::runtime_error(page.error().message);
            for (const auto& record : page->records)
                text += line(to_json(record));
            query_.before_id = page->next_before_id;
            over_ = !page->next_before_id;
        }
        if (text.empty()) co_return std::nullopt;
        co_return text;
    }

  private:
    std::string line(const json::object& row) const {
        return format_ == ExportFormat::csv ? csv_line(row) : json::serialize(row) + "\n";
    }

    dispatch::CommandStore& store_;
    dispatch::HistoryQuery query_;
    ExportFormat format_;
    bool first_ = true;
    bool over_ = false;
};

}  // namespace

std::string csv_line(const json::object& object) {
    std::string line;
    for (const auto& [name, value] : object) {
        if (!line.empty() || name != object.begin()->key()) line += ',';
        line += text_of_value(value);
    }
    return line + "\r\n";
}

std::string csv_header(const json::object& object) {
    std::string line;
    for (const auto& [name, value] : object)
        line += (line.empty() ? "" : ",") + std::string(name);
    return line + "\r\n";
}

std::shared_ptr<http::BodyStream> history_export(dispatch::CommandStore& store,
                                                 dispatch::HistoryQuery query,
                                                 ExportFormat format) {
    return std::make_shared<HistoryExport>(store, std::move(query), format);
}

}  // namespace cockpit::api
