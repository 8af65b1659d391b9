#include "redis/tls_engine.hpp"

#include <arpa/inet.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "redis/tls_library.hpp"

namespace cockpit::redis {
namespace {

bool is_address(const std::string& name) {
    in6_addr binary;
    return inet_pton(AF_INET, name.c_str(), &binary) == 1 ||
           inet_pton(AF_INET6, name.c_str(), &binary) == 1;
}

int refuse_passphrase(char*, int, int, void*) {
    return 0;  // the default asks on the terminal, which a daemon does not have
}

struct FreeContext {
    const TlsLibrary* library;
    void operator()(SSL_CTX* context) const { library->SSL_CTX_free(context); }
};
struct FreeSession {
    const TlsLibrary* library;
    void operator()(SSL* session) const { library->SSL_free(session); }
};
using Context = std::unique_ptr<SSL_CTX, FreeContext>;
using Session = std::unique_ptr<SSL, FreeSession>;

std::string last_reason(const TlsLibrary& library) {
    const unsigned long code = library.ERR_get_error();
    library.ERR_clear_error();
    const char* reason = code == 0 ? nullptr : library.ERR_reason_error_string(code);
    return reason != nullptr ? reason : "unknown reason";
}

/// OpenSSL's own words for a file that is not there are poor.
std::string file_trouble(const TlsLibrary& library, const char* key, const std::string& path,
                         const char* what) {
    if (access(path.c_str(), R_OK) != 0) {
        return std::string(key) + ": cannot read " + path + ": " + std::strerror(errno);
    }
    return std::string(key) + ": " + path + " is not " + what + " (" + last_reason(library) + ")";
}

class OpenSslEngine final : public TlsEngine {
  public:
    OpenSslEngine(const TlsLibrary& library, std::string server_name)
        : library_(library),
          name_(std::move(server_name)),
          context_(nullptr, FreeContext{&library}),
          session_(nullptr, FreeSession{&library}) {}

    std::optional<std::string> prepare(const Settings::Tls& settings) {
        library_.ERR_clear_error();
        context_.reset(library_.SSL_CTX_new(library_.TLS_client_method()));
        if (!context_) return "TLS could not be set up: " + last_reason(library_);
        auto* context = context_.get();
        library_.SSL_CTX_ctrl(context, SSL_CTRL_SET_MIN_PROTO_VERSION, TLS1_2_VERSION, nullptr);
        library_.SSL_CTX_ctrl(
            context, SSL_CTRL_MODE,
            SSL_MODE_RELEASE_BUFFERS | SSL_MODE_AUTO_RETRY | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER,
            nullptr);
        library_.SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
        library_.SSL_CTX_set_default_passwd_cb(context, refuse_passphrase);
        if (auto trouble = load_files(settings)) return trouble;

        session_.reset(library_.SSL_new(context));
        if (!session_) return "TLS could not be set up: " + last_reason(library_);
        if (auto trouble = demand_name()) return trouble;
        in_ = library_.BIO_new(library_.BIO_s_mem());
        out_ = library_.BIO_new(library_.BIO_s_mem());
        if (in_ == nullptr || out_ == nullptr) {
            library_.BIO_free(in_);
            library_.BIO_free(out_);
            return "TLS could not be set up: out of memory";
        }
        library_.SSL_set_bio(session_.get(), in_, out_);  // the session owns both from here
        library_.SSL_set_connect_state(session_.get());
        return std::nullopt;
    }

    std::expected<bool, std::string> handshake() override {
        library_.ERR_clear_error();
        const int outcome = library_.SSL_do_handshake(session_.get());
        if (outcome == 1) return true;
        const int error = library_.SSL_get_error(session_.get(), outcome);
        if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) return false;
        return std::unexpected(explain());
    }

    void feed(std::string_view bytes) override {
        library_.BIO_write(in_, bytes.data(), static_cast<int>(bytes.size()));
    }

    std::expected<std::size_t, std::string> read(std::span<char> into) override {
        library_.ERR_clear_error();
        const int outcome =
            library_.SSL_read(session_.get(), into.data(), static_cast<int>(into.size()));
        if (outcome > 0) return static_cast<std::size_t>(outcome);
        const int error = library_.SSL_get_error(session_.get(), outcome);
        if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) return 0;
        if (error == SSL_ERROR_ZERO_RETURN) return std::unexpected("it closed the connection");
        return std::unexpected(explain());
    }

    std::optional<std::string> write(std::string_view plain) override {
        library_.ERR_clear_error();
        while (!plain.empty()) {
            const auto part = static_cast<int>(std::min<std::size_t>(plain.size(), 1U << 20));
            const int outcome = library_.SSL_write(session_.get(), plain.data(), part);
            if (outcome <= 0) return explain();
            plain.remove_prefix(static_cast<std::size_t>(outcome));
        }
        return std::nullopt;
    }

    bool has_output() const override {
        return library_.BIO_ctrl(out_, BIO_CTRL_PENDING, 0, nullptr) > 0;
    }

    void take_output(std::string& out) override {
        const long size = library_.BIO_ctrl(out_, BIO_CTRL_PENDING, 0, nullptr);
        if (size <= 0) return;
        const std::size_t before = out.size();
        out.resize(before + static_cast<std::size_t>(size));
        library_.BIO_read(out_, out.data() + before, static_cast<int>(size));
    }

  private:
    std::optional<std::string> load_files(const Settings::Tls& settings) {
        auto* context = context_.get();
        if (settings.ca_file) {
            if (library_.SSL_CTX_load_verify_file(context, settings.ca_file->c_str()) != 1) {
                return file_trouble(library_, "REDIS_TLS_CA", *settings.ca_file,
                                    "a file of PEM certificates");
            }
        } else if (library_.SSL_CTX_set_default_verify_paths(context) != 1) {
            return "the system's certificates cannot be read (" + last_reason(library_) +
                   "); set REDIS_TLS_CA";
        }
        if (settings.cert_file.has_value() != settings.key_file.has_value()) {
            return "REDIS_TLS_CERT and REDIS_TLS_KEY belong together; only one of them is set";
        }
        if (!settings.cert_file) return std::nullopt;
        if (library_.SSL_CTX_use_certificate_chain_file(context, settings.cert_file->c_str()) !=
            1) {
            return file_trouble(library_, "REDIS_TLS_CERT", *settings.cert_file,
                                "a PEM certificate");
        }
        if (library_.SSL_CTX_use_PrivateKey_file(context, settings.key_file->c_str(),
                                                 SSL_FILETYPE_PEM) != 1) {
            return file_trouble(library_, "REDIS_TLS_KEY", *settings.key_file,
                                "the certificate's PEM key without a passphrase");
        }
        if (library_.SSL_CTX_check_private_key(context) != 1) {
            return "REDIS_TLS_KEY is not the key of the certificate in REDIS_TLS_CERT";
        }
        return std::nullopt;
    }

    std::optional<std::string> demand_name() {
        const std::string trouble = "REDIS_TLS_SERVER_NAME: " + name_ + " is not a host name";
        if (name_.empty()) return "TLS needs the server's name; set REDIS_TLS_SERVER_NAME";
        if (is_address(name_)) {
            auto* parameters = library_.SSL_get0_param(session_.get());
            if (library_.X509_VERIFY_PARAM_set1_ip_asc(parameters, name_.c_str()) != 1) {
                return trouble;
            }
            return std::nullopt;  // a server name indication must not be an address (RFC 6066 §3)
        }
        if (library_.SSL_set1_host(session_.get(), name_.c_str()) != 1) return trouble;
        if (library_.SSL_ctrl(session_.get(), SSL_CTRL_SET_TLSEXT_HOSTNAME,
                              TLSEXT_NAMETYPE_host_name, name_.data()) != 1) {
            return trouble;
        }
        return std::nullopt;
    }

    std::string explain() {
        const long verdict = library_.SSL_get_verify_result(session_.get());
        if (verdict == X509_V_ERR_HOSTNAME_MISMATCH || verdict == X509_V_ERR_IP_ADDRESS_MISMATCH) {
            library_.ERR_clear_error();
            return "its certificate is not for " + name_ +
                   "; check REDIS_HOST, or set REDIS_TLS_SERVER_NAME to the name it is for";
        }
        if (verdict != X509_V_OK) {
            library_.ERR_clear_error();
            return std::string("its certificate is not trusted (") +
                   library_.X509_verify_cert_error_string(verdict) +
                   "); set REDIS_TLS_CA to the file of the authority that issued it";
        }
        const unsigned long code = library_.ERR_get_error();
        library_.ERR_clear_error();
        const char* reason = code == 0 ? nullptr : library_.ERR_reason_error_string(code);
        switch (ERR_GET_REASON(code)) {
            case SSL_R_WRONG_VERSION_NUMBER:
                return "it does not speak TLS there; unset REDIS_TLS or set REDIS_PORT to its TLS "
                       "port";
            case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
            case SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE:
            case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
            case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
                return std::string("it refused us (") + (reason != nullptr ? reason : "TLS alert") +
                       "); it may want a client certificate that it trusts: check REDIS_TLS_CERT "
                       "and "
                       "REDIS_TLS_KEY";
            default:
                return reason != nullptr ? reason : "the TLS connection broke off";
        }
    }

    const TlsLibrary& library_;
    std::string name_;
    Context context_;
    Session session_;
    BIO* in_ = nullptr;
    BIO* out_ = nullptr;
};

}  // namespace

std::expected<std::unique_ptr<TlsEngine>, std::string> TlsEngine::create(
    const Settings::Tls& settings, const std::string& server_name) {
    const auto library = TlsLibrary::load();
    if (!library) return std::unexpected(library.error());
    auto engine = std::make_unique<OpenSslEngine>(**library, server_name);
    if (auto trouble = engine->prepare(settings)) return std::unexpected(std::move(*trouble));
    return engine;
}

}  // namespace cockpit::redis
