#include "fakes/redis_server.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>

#include "redis/codec.hpp"

namespace cockpit::fakes {
namespace {

std::filesystem::path make_directory() {
    std::string name = (std::filesystem::temp_directory_path() / "cockpit-redis-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp failed for " + name);
    return name;
}

std::uint16_t free_port() {
    const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    const bool bound = bind(socket, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
                       getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) == 0;
    close(socket);
    if (!bound) throw std::runtime_error("no free port on loopback");
    return ntohs(address.sin_port);
}

std::string read_file(const std::filesystem::path& path) {
    std::ifstream file(path);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

/// Starts a program with its output in a file; it dies with us.
pid_t launch(const std::vector<std::string>& words, const std::filesystem::path& output) {
    std::vector<char*> arguments;
    for (const auto& word : words)
        arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    const std::string output_path = output.string();
    const pid_t child = fork();
    if (child < 0) throw std::runtime_error("fork failed");
    if (child > 0) return child;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    const int file = open(output_path.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    dup2(file, STDOUT_FILENO);
    dup2(file, STDERR_FILENO);
    const int null = open("/dev/null", O_RDONLY);
    dup2(null, STDIN_FILENO);
    execvp(arguments[0], arguments.data());
    _exit(127);
}

void run(const std::vector<std::string>& words, const std::filesystem::path& directory) {
    const auto log = directory / "openssl.log";
    const pid_t child = launch(words, log);
    int status = 0;
    waitpid(child, &status, 0);
    if (status != 0) throw std::runtime_error(words[0] + " failed: " + read_file(log));
}

std::string as_text(const redis::Value& value) {
    if (value.is_nil()) return "(nil)";
    if (const auto* number = value.if_integer()) return std::to_string(*number);
    if (const auto* text = value.if_text()) return *text;
    if (const auto* error = value.if_error()) return error->message;
    std::string lines;
    for (const auto& element : *value.if_array()) {
        if (!lines.empty()) lines += '\n';
        lines += as_text(element);
    }
    return lines;
}

}  // namespace

RedisServer::RedisServer(RedisServerOptions options)
    : options_(std::move(options)), directory_(make_directory()) {
    if (options_.tls) make_certificates();
    start();
}

RedisServer::~RedisServer() {
    end(SIGKILL);
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
}

void RedisServer::start() {
    if (pid_ > 0) return;
    // Another process may take the port between our look and the server's start: then the next one.
    const bool first = port_ == 0 && tls_port_ == 0;
    for (int attempt = 1;; ++attempt) {
        if (first && options_.tcp) port_ = free_port();
        if (first && options_.tls) tls_port_ = free_port();
        write_configuration();
        pid_ = launch({"redis-server", (directory_ / "redis.conf").string()},
                      directory_ / "redis.log");
        try {
            return await_ready();
        } catch (const std::runtime_error&) {
            end(SIGKILL);
            if (attempt == 3) throw;
        }
    }
}

void RedisServer::stop() {
    end(SIGTERM);
}

void RedisServer::kill() {
    end(SIGKILL);
}

void RedisServer::freeze() {
    ::kill(pid_, SIGSTOP);
}

void RedisServer::thaw() {
    ::kill(pid_, SIGCONT);
}

void RedisServer::end(int signal) {
    if (pid_ <= 0) return;
    ::kill(pid_, signal);
    ::kill(pid_, SIGCONT);
    waitpid(pid_, nullptr, 0);
    pid_ = -1;
}

void RedisServer::write_configuration() const {
    std::ofstream file(directory_ / "redis.conf");
    file << "dir " << directory_.string() << "\nunixsocket " << unix_socket() << "\nport " << port_
         << "\nbind 127.0.0.1\nsave \"\"\nappendonly "
         << (options_.keep_data ? "yes\nappendfsync always\n" : "no\n");
    if (options_.password) file << "requirepass " << *options_.password << '\n';
    for (const auto& user : options_.users)
        file << "user " << user << '\n';
    if (options_.tls) {
        file << "tls-port " << tls_port_ << "\ntls-ca-cert-file " << ca_file() << "\ntls-cert-file "
             << (directory_ / "server.crt").string() << "\ntls-key-file "
             << (directory_ / "server.key").string() << "\ntls-auth-clients "
             << (options_.tls_client_certificate ? "yes" : "no") << '\n';
    }
}

void RedisServer::make_certificates() const {
    const auto path = [this](const char* name) { return (directory_ / name).string(); };
    for (const char* name : {"ca", "other"}) {
        run({"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
             "-nodes", "-days", "2", "-subj", std::string("/CN=test authority ") + name, "-keyout",
             path(name) + ".key", "-out", path(name) + ".crt"},
            directory_);
    }
    const auto issue = [&](const char* name, const std::string& alternative) {
        run({"openssl",
             "req",
             "-x509",
             "-newkey",
             "ec",
             "-pkeyopt",
             "ec_paramgen_curve:P-256",
             "-nodes",
             "-days",
             "2",
             "-subj",
             std::string("/CN=") + name,
             "-addext",
             "subjectAltName=" + alternative,
             "-addext",
             "basicConstraints=critical,CA:FALSE",
             "-CA",
             path("ca.crt"),
             "-CAkey",
             path("ca.key"),
             "-keyout",
             path(name) + ".key",
             "-out",
             path(name) + ".crt"},
            directory_);
    };
    issue("server", "DNS:" + options_.tls_name);
    issue("client", "DNS:client");
}

void RedisServer::await_ready() {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (std::chrono::steady_clock::now() < deadline) {
        int status = 0;
        if (waitpid(pid_, &status, WNOHANG) == pid_) {
            pid_ = -1;
            break;
        }
        const auto answer = try_commands({{"PING"}});
        if (answer && !answer->starts_with("LOADING")) return;
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    throw std::runtime_error("redis-server did not start: " + read_file(directory_ / "redis.log"));
}

std::optional<std::string> RedisServer::try_commands(
    const std::vector<std::vector<std::string>>& commands) const {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, unix_socket().c_str(), sizeof address.sun_path - 1);
    const int socket = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const timeval patience{10, 0};
    setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    std::string sent;
    for (const auto& words : commands)
        redis::encode(words, sent);
    std::optional<std::string> last;
    if (connect(socket, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 &&
        ::send(socket, sent.data(), sent.size(), MSG_NOSIGNAL) == std::ssize(sent)) {
        redis::Decoder decoder;
        char buffer[4096];
        for (std::size_t answered = 0; answered < commands.size();) {
            const ssize_t size = recv(socket, buffer, sizeof buffer, 0);
            if (size <= 0) {
                last.reset();
                break;
            }
            decoder.feed({buffer, static_cast<std::size_t>(size)});
            for (auto value = decoder.next(); value && *value; value = decoder.next()) {
                last = as_text(**value);
                ++answered;
            }
        }
    }
    close(socket);
    return last;
}

std::string RedisServer::command(const std::vector<std::string>& words) const {
    std::vector<std::vector<std::string>> commands;
    if (options_.password) commands.push_back({"AUTH", *options_.password});
    commands.push_back(words);
    const auto answer = try_commands(commands);
    if (!answer) throw std::runtime_error("the test's redis-server did not answer " + words[0]);
    return *answer;
}

}  // namespace cockpit::fakes
