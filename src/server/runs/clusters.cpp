#include "server/runs/clusters.hpp"

#include <algorithm>
#include <map>
#include <string_view>
#include <tuple>
#include <unordered_map>

#include "crypto/digest.hpp"
#include "server/runs/masking.hpp"

namespace cockpit::runs {
namespace {

// Hosts whose outputs are identical, as indices into the results.
using Variant = std::vector<std::size_t>;

std::vector<std::string> names_of(const HostResult& result) {
    const auto short_name = result.hostname.substr(0, result.hostname.find('.'));
    return {result.agent_id, result.hostname, short_name};
}

std::string key_of(const HostResult& result) {
    const auto output = std::string_view(result.output).substr(0, most_masked_bytes);
    const auto digest = crypto::sha256(masked(output, names_of(result)));
    return {digest.begin(), digest.end()};
}

}  // namespace

std::vector<Cluster> cluster(std::span<const HostResult> results) {
    const auto id = [&](std::size_t index) -> const std::string& {
        return results[index].agent_id;
    };

    struct Found {
        std::vector<std::size_t> members;
        std::unordered_map<std::string_view, Variant> variants;
    };
    std::map<std::tuple<std::string_view, std::optional<int>, std::string>, Found> found;
    for (std::size_t i = 0; i < results.size(); ++i) {
        const auto& result = results[i];
        auto& one = found[{result.status, result.exit_code, key_of(result)}];
        one.members.push_back(i);
        one.variants[result.output].push_back(i);
    }

    std::vector<Cluster> clusters;
    clusters.reserve(found.size());
    for (auto& [key, one] : found) {
        std::ranges::sort(one.members, {}, id);
        Cluster made{.variants = one.variants.size()};
        for (const auto index : one.members)
            made.hosts.push_back(id(index));
        // The first of the largest variant; of the same size, the one with the smallest id.
        std::size_t most = 0;
        for (const auto index : one.members) {
            const auto size = one.variants.at(results[index].output).size();
            if (size > most) {
                most = size;
                made.example = index;
            }
        }
        clusters.push_back(std::move(made));
    }
    std::ranges::sort(clusters, [](const Cluster& a, const Cluster& b) {
        if (a.hosts.size() != b.hosts.size()) return a.hosts.size() > b.hosts.size();
        return a.hosts < b.hosts;
    });
    return clusters;
}

}  // namespace cockpit::runs
