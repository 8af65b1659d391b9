#pragma once
// OpenSSL's functions, looked up in libssl.so.3 when TLS is first configured. Nothing of OpenSSL is
// linked: the agent depends on libc only, and a process without TLS does not pay for the library's
// memory.

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

#include <expected>
#include <string>

namespace cockpit::redis {

struct TlsLibrary {
    // clang-format off: the formatter indents a list of calls without end.
#define COCKPIT_TLS_FUNCTIONS(X) \
    X(TLS_client_method) X(SSL_CTX_new) X(SSL_CTX_free) X(SSL_CTX_ctrl) \
    X(SSL_CTX_set_verify) X(SSL_CTX_load_verify_file) X(SSL_CTX_set_default_verify_paths) \
    X(SSL_CTX_use_certificate_chain_file) X(SSL_CTX_use_PrivateKey_file) \
    X(SSL_CTX_check_private_key) X(SSL_CTX_set_default_passwd_cb) X(SSL_new) X(SSL_free) \
    X(SSL_ctrl) X(SSL_set_bio) X(SSL_set_connect_state) X(SSL_set1_host) X(SSL_get0_param) \
    X(SSL_do_handshake) X(SSL_read) X(SSL_write) X(SSL_get_error) X(SSL_get_verify_result) \
    X(BIO_new) X(BIO_free) X(BIO_s_mem) X(BIO_read) X(BIO_write) X(BIO_ctrl) \
    X(ERR_get_error) X(ERR_clear_error) X(ERR_reason_error_string) \
    X(X509_verify_cert_error_string) X(X509_VERIFY_PARAM_set1_ip_asc)
    // clang-format on

#define COCKPIT_TLS_MEMBER(name) decltype(&::name) name = nullptr;
    COCKPIT_TLS_FUNCTIONS(COCKPIT_TLS_MEMBER)
#undef COCKPIT_TLS_MEMBER

    /// The library, loaded once and kept; or a sentence that says what to install.
    static std::expected<const TlsLibrary*, std::string> load();
};

}  // namespace cockpit::redis
