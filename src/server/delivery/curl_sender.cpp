#include "server/delivery/curl_sender.hpp"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <memory>
#include <mutex>
#include <stdexcept>

#include "server/notify/address_rules.hpp"
#include "server/notify/target.hpp"

namespace cockpit::delivery {
namespace {

using notify::Outgoing;
using notify::SendOutcome;
using notify::TargetKind;

constexpr std::size_t most_response = 65'536;  // read
constexpr std::size_t kept_response = 1'024;   // kept for the record

// What the callbacks of one attempt share.
struct Attempt {
    bool any_address = false;
    bool tried = false;   ///< some address was allowed
    std::string refused;  ///< which address, and why
    std::string response;
    std::size_t response_bytes = 0;
    std::string_view upload;  ///< what is left of an e-mail
    const std::atomic<bool>* stopping = nullptr;
};

struct HandleDeleter {
    void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};
struct ListDeleter {
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using Handle = std::unique_ptr<CURL, HandleDeleter>;
using List = std::unique_ptr<curl_slist, ListDeleter>;

void append(List& list, const std::string& text) {
    auto* longer = curl_slist_append(list.get(), text.c_str());
    if (longer == nullptr) throw std::bad_alloc();
    // The list's head is the same but for the first append.
    (void)list.release();
    list.reset(longer);
}

// Anything that is no Internet address is refused.
std::optional<std::string> refused_because(const curl_sockaddr& address) {
    if (address.family == AF_INET) {
        sockaddr_in in{};
        std::memcpy(&in, &address.addr, sizeof in);
        notify::Ipv4 bytes;
        std::memcpy(bytes.data(), &in.sin_addr, bytes.size());
        return notify::refused_because(bytes);
    }
    if (address.family == AF_INET6) {
        sockaddr_in6 in{};
        std::memcpy(&in, &address.addr, sizeof in);
        notify::Ipv6 bytes;
        std::memcpy(bytes.data(), &in.sin6_addr, bytes.size());
        return notify::refused_because(bytes);
    }
    return "no Internet address";
}

std::string text_of(const curl_sockaddr& address) {
    char text[INET6_ADDRSTRLEN] = {};
    if (address.family == AF_INET) {
        sockaddr_in in{};
        std::memcpy(&in, &address.addr, sizeof in);
        ::inet_ntop(AF_INET, &in.sin_addr, text, sizeof text);
    } else if (address.family == AF_INET6) {
        sockaddr_in6 in{};
        std::memcpy(&in, &address.addr, sizeof in);
        ::inet_ntop(AF_INET6, &in.sin6_addr, text, sizeof text);
    }
    return text;
}

// CURLOPT_OPENSOCKETFUNCTION: the last moment before the connect, with the very address.
curl_socket_t open_socket(void* context, curlsocktype, curl_sockaddr* address) {
    auto& attempt = *static_cast<Attempt*>(context);
    if (!attempt.any_address) {
        if (const auto why = refused_because(*address)) {
            attempt.refused = text_of(*address) + ", " + *why;
            return CURL_SOCKET_BAD;
        }
    }
    attempt.tried = true;
    return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

std::size_t take_response(char* bytes, std::size_t size, std::size_t count, void* context) {
    auto& attempt = *static_cast<Attempt*>(context);
    const auto length = size * count;
    if (attempt.response.size() < kept_response) {
        attempt.response.append(bytes, std::min(length, kept_response - attempt.response.size()));
    }
    attempt.response_bytes += length;
    // Less than was given ends the transfer: nobody needs more of it.
    return attempt.response_bytes > most_response ? 0 : length;
}

std::size_t give_upload(char* bytes, std::size_t size, std::size_t count, void* context) {
    auto& attempt = *static_cast<Attempt*>(context);
    const auto length = std::min(size * count, attempt.upload.size());
    std::memcpy(bytes, attempt.upload.data(), length);
    attempt.upload.remove_prefix(length);
    return length;
}

int on_progress(void* context, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
    return static_cast<Attempt*>(context)->stopping->load() ? 1 : 0;
}

template <typename Value>
void set(CURL* handle, CURLoption option, Value value) {
    const auto code = curl_easy_setopt(handle, option, value);
    if (code != CURLE_OK) {
        throw std::runtime_error(std::string("libcurl does not take an option: ") +
                                 curl_easy_strerror(code));
    }
}

void set_common(CURL* handle, Attempt& attempt, char* error, const SenderSettings& settings) {
    set(handle, CURLOPT_ERRORBUFFER, error);
    set(handle, CURLOPT_NOSIGNAL, 1L);
    set(handle, CURLOPT_TIMEOUT_MS, static_cast<long>(settings.timeout_ms));
    set(handle, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(settings.timeout_ms));
    set(handle, CURLOPT_PROXY, "");
    set(handle, CURLOPT_FOLLOWLOCATION, 0L);
    set(handle, CURLOPT_OPENSOCKETFUNCTION, &open_socket);
    set(handle, CURLOPT_OPENSOCKETDATA, &attempt);
    set(handle, CURLOPT_WRITEFUNCTION, &take_response);
    set(handle, CURLOPT_WRITEDATA, &attempt);
    set(handle, CURLOPT_NOPROGRESS, 0L);
    set(handle, CURLOPT_XFERINFOFUNCTION, &on_progress);
    set(handle, CURLOPT_XFERINFODATA, &attempt);
}

void set_http(CURL* handle, const Outgoing& outgoing, List& headers) {
    set(handle, CURLOPT_PROTOCOLS_STR, "http,https");
    set(handle, CURLOPT_URL, outgoing.url.c_str());
    set(handle, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    set(handle, CURLOPT_USERAGENT, "cockpit-server");
    set(handle, CURLOPT_POST, 1L);
    set(handle, CURLOPT_POSTFIELDS, outgoing.body.data());
    set(handle, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(outgoing.body.size()));
    for (const auto& [name, value] : outgoing.headers)
        append(headers, name + ": " + value);
    // Waiting for "100 Continue" would cost each larger body a second.
    append(headers, "Expect:");
    set(handle, CURLOPT_HTTPHEADER, headers.get());
}

void set_mail(CURL* handle, const Outgoing& outgoing, Attempt& attempt, List& recipients,
              const SenderSettings& settings) {
    attempt.any_address = true;  // the operator's own mail server, often on this very host
    attempt.upload = outgoing.body;
    set(handle, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    set(handle, CURLOPT_URL, settings.smtp_url.c_str());
    if (settings.smtp_require_tls) set(handle, CURLOPT_USE_SSL, static_cast<long>(CURLUSESSL_ALL));
    if (!settings.smtp_user.empty()) {
        set(handle, CURLOPT_USERNAME, settings.smtp_user.c_str());
        set(handle, CURLOPT_PASSWORD, settings.smtp_password.c_str());
    }
    const auto from = "<" + settings.smtp_from + ">";
    set(handle, CURLOPT_MAIL_FROM, from.c_str());
    for (const auto& recipient : outgoing.recipients)
        append(recipients, "<" + recipient + ">");
    set(handle, CURLOPT_MAIL_RCPT, recipients.get());
    set(handle, CURLOPT_UPLOAD, 1L);
    set(handle, CURLOPT_READFUNCTION, &give_upload);
    set(handle, CURLOPT_READDATA, &attempt);
}

std::string sentence_of(CURLcode code, const char* error, const Attempt& attempt, long status,
                        const SenderSettings& settings) {
    if (!attempt.refused.empty() && !attempt.tried) {
        return "the receiver's address is " + attempt.refused +
               ", which notifications are not sent to; NOTIFY_ALLOW_HOSTS or "
               "NOTIFY_ALLOW_LOCAL would allow it";
    }
    if (code == CURLE_OPERATION_TIMEDOUT) {
        return "no complete answer within " + std::to_string(settings.timeout_ms) + " ms";
    }
    if (code == CURLE_OK && status >= 300 && status < 400) {
        return "the receiver answered " + std::to_string(status) +
               ", a redirect, and those are not followed; give the address it points to";
    }
    if (code == CURLE_OK) return "the receiver answered " + std::to_string(status);
    const std::string details = error[0] != '\0' ? error : curl_easy_strerror(code);
    return "the attempt failed: " + details;
}

}  // namespace

CurlSender::CurlSender(boost::asio::any_io_executor io, SenderSettings settings)
    : settings_(std::move(settings)), pool_(std::move(io), settings_.threads) {
    static std::once_flag initialized;
    std::call_once(initialized, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
}

CurlSender::~CurlSender() {
    stop();
}

void CurlSender::send(Outgoing outgoing, runtime::Callback<SendOutcome> done) {
    pool_.run(
        [this, outgoing = std::move(outgoing)]() -> SendOutcome {
            try {
                return attempt(outgoing);
            } catch (const std::exception& error) {
                return {.error = std::string("the attempt failed: ") + error.what()};
            }
        },
        std::move(done));
}

SendOutcome CurlSender::attempt(const Outgoing& outgoing) const {
    if (stopping_) return {.error = "the server stopped before the attempt", .aborted = true};
    const Handle handle(curl_easy_init());
    if (!handle) throw std::bad_alloc();
    const bool mail = outgoing.kind == TargetKind::email;
    Attempt attempt{
        .any_address = settings_.allow_local ||
                       std::ranges::find(settings_.allow_hosts, notify::host_of(outgoing.url)) !=
                           settings_.allow_hosts.end(),
        .stopping = &stopping_};
    char error[CURL_ERROR_SIZE] = {};
    List list;
    set_common(handle.get(), attempt, error, settings_);
    if (mail) {
        set_mail(handle.get(), outgoing, attempt, list, settings_);
    } else {
        set_http(handle.get(), outgoing, list);
    }
    const auto began = std::chrono::steady_clock::now();
    auto code = curl_easy_perform(handle.get());
    SendOutcome outcome;
    outcome.took_ms = std::chrono::duration_cast<std::chrono::milliseconds>(
                          std::chrono::steady_clock::now() - began)
                          .count();
    long status = 0;
    curl_easy_getinfo(handle.get(), CURLINFO_RESPONSE_CODE, &status);
    // Its answer is there; that it says more than anybody reads is no failure.
    if (code == CURLE_WRITE_ERROR && attempt.response_bytes > most_response) code = CURLE_OK;
    if (status != 0) outcome.status = static_cast<int>(status);
    outcome.response = std::move(attempt.response);
    outcome.aborted = code == CURLE_ABORTED_BY_CALLBACK && stopping_;
    outcome.delivered = code == CURLE_OK && status >= 200 && status < 300;
    outcome.refused = !attempt.refused.empty() && !attempt.tried;
    if (!outcome.delivered) {
        outcome.error = outcome.aborted ? "the server stopped during the attempt"
                                        : sentence_of(code, error, attempt, status, settings_);
    }
    return outcome;
}

}  // namespace cockpit::delivery
