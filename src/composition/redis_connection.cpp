#include "composition/redis_connection.hpp"

namespace cockpit::composition {

redis::Settings redis_connection(const config::RedisSettings& settings) {
    redis::Settings connection{.host = settings.host,
                               .port = settings.port,
                               .unix_socket = settings.unix_socket,
                               .username = settings.username,
                               .password = settings.password,
                               .database = settings.database};
    if (settings.tls) {
        connection.tls = redis::Settings::Tls{.ca_file = settings.tls_ca_file,
                                              .cert_file = settings.tls_cert_file,
                                              .key_file = settings.tls_key_file,
                                              .server_name = settings.tls_server_name};
    }
    return connection;
}

}  // namespace cockpit::composition
