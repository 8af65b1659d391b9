#include "cli/api_client.hpp"

#include <curl/curl.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "cli/failure.hpp"

namespace cockpit::cli {
namespace json = boost::json;
namespace {

constexpr long connect_patience_s = 10;
// Commands are waited for elsewhere; an answer itself comes soon.
constexpr long answer_patience_s = 90;
// A stream sends at least a comment every 15 s.
constexpr long silence_patience_s = 60;

Failure failure_of(int status, const std::string& body, const Context& context) {
    boost::system::error_code error;
    const auto value = json::parse(body, error);
    std::string detail = "the server answered " + std::to_string(status);
    if (const auto* object = error ? nullptr : value.if_object()) {
        if (const auto* text = object->if_contains("detail"); text != nullptr && text->is_string())
            detail = std::string(text->get_string());
    }
    if (status == 401)
        return {Exit::not_permitted, detail, "sign in: cockpitctl login " + context.url};
    if (status == 403) {
        const bool password = detail.find("/auth/password") != std::string::npos;
        return {Exit::not_permitted, detail,
                password ? "change it in the page, at " + context.url
                         : "cockpitctl whoami shows what you may do"};
    }
    if (status == 429 || status == 503) return {Exit::refused, detail, "try again in a moment"};
    return {Exit::refused, detail};
}

}  // namespace

struct ApiClient::Easy {
    Easy() : handle(curl_easy_init()) {}
    ~Easy() {
        curl_slist_free_all(headers);
        curl_easy_cleanup(handle);
    }
    void header(const std::string& line) { headers = curl_slist_append(headers, line.c_str()); }

    CURL* handle;
    curl_slist* headers = nullptr;
    std::string body;  // of an answer that is not streamed
    const Sink* sink = nullptr;
    bool ended_by_sink = false;
};

namespace {

std::size_t take(char* bytes, std::size_t size, std::size_t count, void* to) {
    static_cast<std::string*>(to)->append(bytes, size * count);
    return size * count;
}

}  // namespace

ApiClient::ApiClient(Context context) : context_(std::move(context)) {
    curl_global_init(CURL_GLOBAL_DEFAULT);
}
ApiClient::~ApiClient() = default;

std::string ApiClient::escape(std::string_view text) {
    char* escaped = curl_easy_escape(nullptr, text.data(), static_cast<int>(text.size()));
    std::string result(escaped);
    curl_free(escaped);
    return result;
}

ApiClient::Answer ApiClient::send(std::string_view method, const std::string& path,
                                  const json::object* body, Headers headers) {
    Easy easy;
    Answer answer;
    const auto sent = body == nullptr ? "" : json::serialize(*body);
    if (!context_.token.empty()) easy.header("Authorization: Bearer " + context_.token);
    if (body != nullptr) easy.header("Content-Type: application/json");
    for (const auto& [name, value] : headers)
        easy.header(name + ": " + value);
    curl_easy_setopt(easy.handle, CURLOPT_URL, (context_.url + path).c_str());
    curl_easy_setopt(easy.handle, CURLOPT_CUSTOMREQUEST, std::string(method).c_str());
    curl_easy_setopt(easy.handle, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy.handle, CURLOPT_HTTPHEADER, easy.headers);
    curl_easy_setopt(easy.handle, CURLOPT_CONNECTTIMEOUT, connect_patience_s);
    curl_easy_setopt(easy.handle, CURLOPT_TIMEOUT, answer_patience_s);
    curl_easy_setopt(easy.handle, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy.handle, CURLOPT_WRITEFUNCTION, take);
    curl_easy_setopt(easy.handle, CURLOPT_WRITEDATA, &answer.body);
    if (body != nullptr) {
        curl_easy_setopt(easy.handle, CURLOPT_POSTFIELDSIZE, static_cast<long>(sent.size()));
        curl_easy_setopt(easy.handle, CURLOPT_COPYPOSTFIELDS, sent.c_str());
    }
    if (const auto code = curl_easy_perform(easy.handle); code != CURLE_OK) {
        throw Failure(Exit::unreachable,
                      context_.url + " does not answer: " + curl_easy_strerror(code),
                      "is the address right, and does the server run?");
    }
    long status = 0;
    curl_easy_getinfo(easy.handle, CURLINFO_RESPONSE_CODE, &status);
    answer.status = static_cast<int>(status);
    return answer;
}

json::object ApiClient::call(std::string_view method, const std::string& path,
                             const json::object* body, Headers headers) {
    return read(send(method, path, body, std::move(headers)));
}

json::object ApiClient::read(const Answer& answer) const {
    if (answer.status / 100 != 2) throw failure_of(answer.status, answer.body, context_);
    boost::system::error_code error;
    auto value = json::parse(answer.body, error);
    if (error || !value.is_object()) {
        throw Failure(Exit::unreachable, context_.url + " does not answer as Cockpit does",
                      "is this the address of cockpit-server?");
    }
    return std::move(value.get_object());
}

bool ApiClient::stream(const std::string& path, const Headers& headers, const Sink& sink) {
    Easy easy;
    easy.sink = &sink;
    if (!context_.token.empty()) easy.header("Authorization: Bearer " + context_.token);
    for (const auto& [name, value] : headers)
        easy.header(name + ": " + value);
    curl_easy_setopt(easy.handle, CURLOPT_URL, (context_.url + path).c_str());
    curl_easy_setopt(easy.handle, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy.handle, CURLOPT_HTTPHEADER, easy.headers);
    curl_easy_setopt(easy.handle, CURLOPT_CONNECTTIMEOUT, connect_patience_s);
    curl_easy_setopt(easy.handle, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(easy.handle, CURLOPT_LOW_SPEED_TIME, silence_patience_s);
    curl_easy_setopt(easy.handle, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy.handle, CURLOPT_WRITEDATA, &easy);
    curl_easy_setopt(
        easy.handle, CURLOPT_WRITEFUNCTION,
        +[](char* bytes, std::size_t size, std::size_t count, void* to) -> std::size_t {
            auto& self = *static_cast<Easy*>(to);
            long status = 0;
            curl_easy_getinfo(self.handle, CURLINFO_RESPONSE_CODE, &status);
            if (status / 100 != 2) return take(bytes, size, count, &self.body);
            self.ended_by_sink = !(*self.sink)({bytes, size * count});
            return self.ended_by_sink ? 0 : size * count;
        });
    const auto code = curl_easy_perform(easy.handle);
    long status = 0;
    curl_easy_getinfo(easy.handle, CURLINFO_RESPONSE_CODE, &status);
    if (status != 0 && status / 100 != 2)
        throw failure_of(static_cast<int>(status), easy.body, context_);
    return easy.ended_by_sink || code == CURLE_OK;
}

}  // namespace cockpit::cli
