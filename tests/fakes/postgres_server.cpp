#include "fakes/postgres_server.hpp"

#include <fcntl.h>
#include <grp.h>
#include <libpq-fe.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>
#include <thread>

namespace cockpit::fakes {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

// The newest installed version.
std::string programs() {
    std::string newest;
    int version = 0;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator("/usr/lib/postgresql", error)) {
        const int found = std::atoi(entry.path().filename().c_str());
        if (found > version && fs::exists(entry.path() / "bin/postgres")) {
            version = found;
            newest = (entry.path() / "bin").string();
        }
    }
    if (newest.empty()) {
        throw std::runtime_error("no PostgreSQL server in /usr/lib/postgresql; install postgresql");
    }
    return newest;
}

void run_sql(const std::string& url, const std::string& sql) {
    PGconn* connection = PQconnectdb(url.c_str());
    PGresult* result = PQexec(connection, sql.c_str());
    const bool done = PQresultStatus(result) == PGRES_COMMAND_OK;
    const std::string message = PQerrorMessage(connection);
    PQclear(result);
    PQfinish(connection);
    if (!done) throw std::runtime_error(sql + ": " + message);
}

}  // namespace

PostgresServer::PostgresServer(Settings settings) : settings_(settings) {
    char name[] = "/tmp/cockpit_postgres_XXXXXX";
    if (::mkdtemp(name) == nullptr) throw std::runtime_error("cannot make a directory in /tmp");
    directory_ = name;
    if (::geteuid() == 0) {
        const passwd* user = ::getpwnam("postgres");
        if (user == nullptr)
            throw std::runtime_error("there is no user postgres to run PostgreSQL as");
        if (::chown(name, user->pw_uid, user->pw_gid) != 0)
            throw std::runtime_error("chown failed");
    }
    const pid_t initdb =
        spawn({programs() + "/initdb", "-D", (directory_ / "data").string(), "-U", "postgres", "-A",
               "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync", "--no-instructions"});
    int status = 0;
    ::waitpid(initdb, &status, 0);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        throw std::runtime_error("initdb failed: " + log_text());
    }
    start();
}

PostgresServer::~PostgresServer() {
    stop();
    std::error_code ignored;
    fs::remove_all(directory_, ignored);
}

std::string PostgresServer::url(const std::string& database) const {
    return "postgresql:///" + database + "?user=postgres&host=" + directory_.string();
}

std::string PostgresServer::create_database() {
    const std::string name = "test" + std::to_string(++databases_);
    run_sql(url("postgres"), "CREATE DATABASE " + name);
    return url(name);
}

void PostgresServer::start() {
    const std::string fsync = settings_.fsync ? "fsync=on" : "fsync=off";
    const auto deadline = Clock::now() + std::chrono::seconds(30);
    for (;;) {
        if (postmaster_ < 0) {
            postmaster_ = spawn({programs() + "/postgres", "-D", (directory_ / "data").string(),
                                 "-k", directory_.string(), "-c", "listen_addresses=", "-c", fsync,
                                 "-c", "max_connections=50"});
        }
        if (PQping(url("postgres").c_str()) == PQPING_OK) return;
        // Just after kill() it may refuse to start, while children of the old one still hold the
        // memory.
        if (::waitpid(postmaster_, nullptr, WNOHANG) == postmaster_) postmaster_ = -1;
        if (Clock::now() > deadline) {
            throw std::runtime_error("PostgreSQL does not start: " + log_text());
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
}

void PostgresServer::stop() {
    if (postmaster_ < 0) return;
    resume();
    ::kill(postmaster_, SIGQUIT);
    ::waitpid(postmaster_, nullptr, 0);
    postmaster_ = -1;
}

void PostgresServer::kill() {
    ::kill(postmaster_, SIGKILL);
    ::waitpid(postmaster_, nullptr, 0);
    postmaster_ = -1;
}

void PostgresServer::pause() {
    ::kill(postmaster_, SIGSTOP);
    for (const pid_t child : children())
        ::kill(child, SIGSTOP);
}

void PostgresServer::resume() {
    for (const pid_t child : children())
        ::kill(child, SIGCONT);
    ::kill(postmaster_, SIGCONT);
}

std::vector<pid_t> PostgresServer::children() const {
    const std::string pid = std::to_string(postmaster_);
    std::ifstream list("/proc/" + pid + "/task/" + pid + "/children");
    return {std::istream_iterator<pid_t>(list), {}};
}

std::string PostgresServer::log_text() const {
    std::ifstream file(directory_ / "log");
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

// Starts the program as the user that PostgreSQL accepts, ready to die with us.
pid_t PostgresServer::spawn(const std::vector<std::string>& arguments) const {
    std::vector<char*> pointers;
    for (const auto& argument : arguments)
        pointers.push_back(const_cast<char*>(argument.c_str()));
    pointers.push_back(nullptr);
    const std::string log = (directory_ / "log").string();
    const passwd* user = ::geteuid() == 0 ? ::getpwnam("postgres") : nullptr;
    const pid_t child = ::fork();
    if (child < 0) throw std::runtime_error("fork failed");
    if (child > 0) return child;

    if (user != nullptr && (::setgroups(0, nullptr) != 0 || ::setgid(user->pw_gid) != 0 ||
                            ::setuid(user->pw_uid) != 0)) {
        ::_exit(126);
    }
    ::setpgid(0, 0);
    ::prctl(PR_SET_PDEATHSIG, SIGQUIT);
    const int file = ::open(log.c_str(), O_CREAT | O_WRONLY | O_APPEND, 0600);
    ::dup2(file, STDOUT_FILENO);
    ::dup2(file, STDERR_FILENO);
    ::dup2(::open("/dev/null", O_RDONLY), STDIN_FILENO);
    if (::chdir("/") != 0) ::_exit(126);
    ::execv(pointers[0], pointers.data());
    ::_exit(127);
}

}  // namespace cockpit::fakes
