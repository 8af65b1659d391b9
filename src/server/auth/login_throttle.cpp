#include "server/auth/login_throttle.hpp"

#include <algorithm>
#include <cmath>

namespace cockpit::auth {
namespace {

// NUL stands in no peer address, so a name can never be taken for a peer of its own.
std::string account_key(std::string_view username, std::string_view peer) {
    return std::string(peer) + '\0' + std::string(username);
}
std::string peer_key(std::string_view peer) {
    return std::string(peer);
}

std::int64_t seconds_until_one(double left, std::int64_t every_ms) {
    const double missing_ms = (1.0 - left) * static_cast<double>(every_ms);
    return std::max<std::int64_t>(1, static_cast<std::int64_t>(std::ceil(missing_ms / 1000.0)));
}

}  // namespace

void LoginThrottle::refill(Bucket& bucket, std::int64_t now_ms) const {
    const auto passed = std::max<std::int64_t>(0, now_ms - bucket.at_ms);
    bucket.left = std::min(bucket.capacity, bucket.left + static_cast<double>(passed) /
                                                              static_cast<double>(bucket.every_ms));
    bucket.at_ms = now_ms;
}

void LoginThrottle::make_room(std::int64_t now_ms) {
    if (buckets_.size() + 2 <= settings_.max_buckets) return;
    for (auto& [key, one] : buckets_)
        refill(one, now_ms);
    std::erase_if(buckets_,
                  [](const auto& entry) { return entry.second.left >= entry.second.capacity; });
    while (!buckets_.empty() && buckets_.size() + 2 > settings_.max_buckets) {
        buckets_.erase(std::ranges::max_element(
            buckets_, {}, [](const auto& entry) { return entry.second.left; }));
    }
}

LoginThrottle::Bucket& LoginThrottle::bucket(const std::string& key, double capacity,
                                             std::int64_t every_ms, std::int64_t now_ms) {
    auto& found =
        buckets_.try_emplace(key, Bucket{capacity, capacity, every_ms, now_ms}).first->second;
    refill(found, now_ms);
    return found;
}

std::optional<std::int64_t> LoginThrottle::charge(std::string_view username, std::string_view peer,
                                                  std::int64_t now_ms) {
    make_room(now_ms);
    auto& of_account =
        bucket(account_key(username, peer), settings_.attempts, settings_.attempt_every_ms, now_ms);
    auto& of_peer =
        bucket(peer_key(peer), settings_.peer_attempts, settings_.peer_attempt_every_ms, now_ms);
    if (of_account.left < 1 || of_peer.left < 1) {
        return std::max(
            of_account.left < 1 ? seconds_until_one(of_account.left, of_account.every_ms) : 0,
            of_peer.left < 1 ? seconds_until_one(of_peer.left, of_peer.every_ms) : 0);
    }
    of_account.left -= 1;
    of_peer.left -= 1;
    return std::nullopt;
}

void LoginThrottle::add_one(const std::string& key) {
    const auto found = buckets_.find(key);
    if (found == buckets_.end()) return;
    found->second.left = std::min(found->second.capacity, found->second.left + 1);
}

void LoginThrottle::succeeded(std::string_view username, std::string_view peer) {
    buckets_.erase(account_key(username, peer));
    add_one(peer_key(peer));
}

void LoginThrottle::give_back(std::string_view username, std::string_view peer) {
    add_one(account_key(username, peer));
    add_one(peer_key(peer));
}

}  // namespace cockpit::auth
