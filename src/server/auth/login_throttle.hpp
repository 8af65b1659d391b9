#pragma once
// How often somebody may try a password: token buckets per user name and peer, and per peer, so
// that guessing is slow while the user stays free to log in from elsewhere. Every attempt is
// charged before it is judged (attempts sent side by side gain nothing) and given back when it was
// right.
//
// Pure: the caller brings the time. One thread. Memory is bounded: at the limit the bucket with the
// most attempts left is forgotten.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace cockpit::auth {

struct ThrottleSettings {
    double attempts = 5;                     ///< in a row, for one user name from one peer
    std::int64_t attempt_every_ms = 12'000;  ///< and one more each time this has passed
    double peer_attempts = 30;               ///< the same for a peer, whatever the names
    std::int64_t peer_attempt_every_ms = 2'000;
    std::size_t max_buckets = 10'000;
};

class LoginThrottle {
  public:
    explicit LoginThrottle(ThrottleSettings settings) : settings_(settings) {}

    /// Charges one attempt. When there is none left it charges nothing and returns the number of
    /// seconds, at least 1, after which there will be one.
    std::optional<std::int64_t> charge(std::string_view username, std::string_view peer,
                                       std::int64_t now_ms);
    /// The password was right: the name's attempts from this peer are forgotten.
    void succeeded(std::string_view username, std::string_view peer);
    /// The attempt could not be judged: it does not count.
    void give_back(std::string_view username, std::string_view peer);

    std::size_t buckets() const { return buckets_.size(); }

  private:
    struct Bucket {
        double left;
        double capacity;
        std::int64_t every_ms;
        std::int64_t at_ms;
    };
    Bucket& bucket(const std::string& key, double capacity, std::int64_t every_ms,
                   std::int64_t now_ms);
    void refill(Bucket& bucket, std::int64_t now_ms) const;
    void make_room(std::int64_t now_ms);
    void add_one(const std::string& key);

    ThrottleSettings settings_;
    std::unordered_map<std::string, Bucket> buckets_;
};

}  // namespace cockpit::auth
