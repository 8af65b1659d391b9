#include "server/app/join_token.hpp"

#include <boost/asio/io_context.hpp>
#include <iostream>

#include "crypto/keys.hpp"
#include "runtime/clock.hpp"
#include "server/app/state_directory.hpp"
#include "server/dispatch/admission.hpp"
#include "server/store/store.hpp"

namespace cockpit::server {
namespace {

std::string utc_time(std::int64_t ms) {
    const std::time_t seconds = ms / 1000;
    std::tm parts{};
    gmtime_r(&seconds, &parts);
    char text[32];
    std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
    return text;
}

// As config::read_env_file takes it back.
std::string quoted(const std::string& value) {
    std::string out = "\"";
    for (const char c : value) {
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
    return out + '"';
}

void print_redis(const config::RedisSettings& redis) {
    if (redis.unix_socket) {
        std::cout << "REDIS_SOCKET=" << *redis.unix_socket << '\n';
    } else {
        if (redis.host == "localhost" || redis.host.starts_with("127.") || redis.host == "::1") {
            std::cout << "# " << redis.host
                      << " is this machine: write the address by which the host reaches Redis\n";
        }
        std::cout << "REDIS_HOST=" << redis.host << "\nREDIS_PORT=" << redis.port << '\n';
    }
    if (redis.username) std::cout << "REDIS_USERNAME=" << *redis.username << '\n';
    if (redis.password) std::cout << "REDIS_PASSWORD=" << quoted(*redis.password) << '\n';
    if (redis.database != 0) std::cout << "REDIS_DB=" << redis.database << '\n';
    if (redis.tls) {
        std::cout << "REDIS_TLS=true\n";
        if (!redis.tls_server_name.empty() && redis.tls_server_name != redis.host) {
            std::cout << "REDIS_TLS_SERVER_NAME=" << redis.tls_server_name << '\n';
        }
        if (redis.tls_cert_file) {
            std::cout
                << "# the host needs a certificate of its own: REDIS_TLS_CERT, REDIS_TLS_KEY\n";
        }
        if (redis.tls_ca_file) {
            std::cout << "# copy this file to the host, too\nREDIS_TLS_CA=" << *redis.tls_ca_file
                      << '\n';
        }
    }
}

}  // namespace

int print_join_token(const CommandLine& line, const config::ServerSettings& settings) {
    const auto fail = [](const std::string& sentence) {
        std::cerr << "cockpit-server: " << sentence << '\n';
        return 1;
    };
    if (auto made = make_state_directory(settings.state_directory); !made)
        return fail(made.error());
    const auto key = crypto::SigningKey::load_or_create(server_key_file(settings.state_directory));
    if (!key) return fail(key.error());

    boost::asio::io_context io(1);
    auto store = store::open(io.get_executor(), settings.database_url);
    if (!store) return fail(store.error());
    const auto now = runtime::SystemClock().wall_ms();
    const auto token = dispatch::issue_join_token(
        line.token_uses, now + std::chrono::milliseconds(line.token_lifetime).count(),
        "cockpit-server join-token", now);
    std::optional<std::string> failure = "the database did not answer";
    (*store)->add_join_token(token.row, [&failure](dispatch::StoreResult<bool> added) {
        failure = added ? std::nullopt : std::optional(added.error().message);
    });
    (*store)->close();
    io.run();
    if (failure) return fail("the token was not written: " + *failure);

    std::cout << "# For the host's environment file; then start cockpit-agent there.\n# Good for "
              << line.token_uses << (line.token_uses == 1 ? " host" : " hosts") << " until "
              << utc_time(token.row.expires_at_ms) << "; the token is shown only now.\n";
    print_redis(settings.redis);
    std::cout << "COCKPIT_SERVER_KEY=" << key->public_key().to_base64()
              << "\nCOCKPIT_JOIN_TOKEN=" << token.text << std::endl;
    return 0;
}

}  // namespace cockpit::server
