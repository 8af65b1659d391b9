#include "server/runs/clusters.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <random>

namespace cockpit::runs {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

HostResult result(std::string id, std::string output, std::string status = "success",
                  std::optional<int> exit_code = 0) {
    auto hostname = id + ".example.org";
    return {std::move(id), std::move(hostname), std::move(status), exit_code, std::move(output)};
}

TEST(Clusters, NothingIsNoCluster) {
    EXPECT_THAT(cluster({}), IsEmpty());
}

TEST(Clusters, IdenticalOutputsAreOneAndTheLargestIsFirst) {
    const std::vector<HostResult> results{result("c", "Already up to date.\n"),
                                          result("a", "fatal: no remote\n", "error", 1),
                                          result("b", "Already up to date.\n")};
    const auto clusters = cluster(results);
    ASSERT_THAT(clusters, SizeIs(2));
    EXPECT_THAT(clusters[0].hosts, ElementsAre("b", "c"));
    EXPECT_EQ(clusters[0].variants, 1u);
    EXPECT_EQ(results[clusters[0].example].agent_id, "b");
    EXPECT_THAT(clusters[1].hosts, ElementsAre("a"));
}

TEST(Clusters, TheSameOutputOfAnotherEndIsAnother) {
    const std::vector<HostResult> results{
        result("a", "x", "success", 0), result("b", "x", "error", 1), result("c", "x", "error", 2),
        result("d", "x", "timeout", std::nullopt)};
    EXPECT_THAT(cluster(results), SizeIs(4));
}

TEST(Clusters, GitPull) {
    const auto pulled = [](const std::string& from, const std::string& to,
                           const std::string& graph) {
        return "From ssh://git.example.org/srv/grafana\n * branch            main       -> "
               "FETCH_HEAD\n"
               "   " +
               from + ".." + to + "  main       -> origin/main\nUpdating " + from + ".." + to +
               "\nFast-forward\n conf/grafana.ini | " + graph +
               "\n 1 file changed, 2 insertions(+)\n";
    };
    const std::vector<HostResult> results{
        result("web-1", pulled("1a2b3c4", "9f8e7d6", " 4 ++--")),
        result("web-2", pulled("7654321", "9f8e7d6", "12 ++++++------")),
        result("web-3", "Already up to date.\n"),
        result("web-4",
               "error: Your local changes to the following files would be overwritten by "
               "merge:\n\tconf/grafana.ini\n",
               "error", 1)};
    const auto clusters = cluster(results);
    ASSERT_THAT(clusters, SizeIs(3));
    EXPECT_THAT(clusters[0].hosts, ElementsAre("web-1", "web-2"));
    EXPECT_EQ(clusters[0].variants, 2u);
    EXPECT_THAT(clusters[1].hosts, ElementsAre("web-3"));
    EXPECT_THAT(clusters[2].hosts, ElementsAre("web-4"));
}

TEST(Clusters, DiskSpace) {
    const auto df = [](const std::string& root, const std::string& more) {
        return "Filesystem      Size  Used Avail Use% Mounted on\n" + root + more;
    };
    const std::vector<HostResult> results{
        result("db-1", df("/dev/sda1        20G  5.1G   14G  27% /\n", "")),
        result("db-2", df("/dev/sda1       1.8T  900M  1.7T   1% /\n", "")),
        result("db-3", df("/dev/sda1        20G   20G     0 100% /\n", "")),
        result("db-4", df("/dev/sda1        20G  5.1G   14G  27% /\n",
                          "/dev/sdb1       100G   77G   18G  82% /srv\n"))};
    const auto clusters = cluster(results);
    ASSERT_THAT(clusters, SizeIs(2));
    EXPECT_THAT(clusters[0].hosts, ElementsAre("db-1", "db-2", "db-3"));
    EXPECT_THAT(clusters[1].hosts, ElementsAre("db-4"));
}

TEST(Clusters, SystemctlStatus) {
    const auto status = [](const std::string& host, const std::string& since,
                           const std::string& pid, const std::string& memory,
                           const std::string& log) {
        return "● grafana-server.service - Grafana instance\n"
               "     Loaded: loaded (/lib/systemd/system/grafana-server.service; enabled)\n"
               "     Active: active (running) since " +
               since + "\n   Main PID: " + pid +
               " (grafana)\n      Tasks: 14 (limit: 4571)\n     Memory: " + memory +
               "\n        CPU: 1min 2.345s\n     CGroup: /system.slice/grafana-server.service\n"
               "             └─" +
               pid + " /usr/share/grafana/bin/grafana server\n\n" + log + " " + host + " grafana[" +
               pid + "]: HTTP Server Listen address=[::]:3000\n";
    };
    const std::vector<HostResult> results{
        result("web-1", status("web-1", "Wed 2026-11-25 02:10:33 UTC; 3min 2s ago", "812", "98.1M",
                               "Nov 25 02:10:35")),
        result("grafana-eu-2",
               status("grafana-eu-2", "Mon 2026-11-02 12:00:00 UTC; 3 weeks 1 day ago", "10231",
                      "1.2G", "Nov  2 12:00:09")),
        result("web-3",
               "○ grafana-server.service - Grafana instance\n     Active: inactive (dead)\n",
               "error", 3)};
    const auto clusters = cluster(results);
    ASSERT_THAT(clusters, SizeIs(2));
    EXPECT_THAT(clusters[0].hosts, ElementsAre("grafana-eu-2", "web-1"));
    EXPECT_THAT(clusters[1].hosts, ElementsAre("web-3"));
}

TEST(Clusters, TheExampleIsWhatMostSaid) {
    const std::vector<HostResult> results{result("a", "up 1"), result("b", "up 2"),
                                          result("c", "up 3"), result("d", "up 2")};
    const auto clusters = cluster(results);
    ASSERT_THAT(clusters, SizeIs(1));
    EXPECT_EQ(clusters[0].variants, 3u);
    EXPECT_EQ(results[clusters[0].example].agent_id, "b");
}

TEST(Clusters, TheOrderOfTheResultsDoesNotMatter) {
    std::vector<HostResult> results;
    for (int i = 0; i < 60; ++i) {
        results.push_back(result(
            "host-" + std::to_string(100 + i),
            std::string(1, static_cast<char>('a' + i % 7)) + " said " + std::to_string(i % 3)));
    }
    const auto told = [&] {
        std::vector<std::string> all;
        for (const auto& one : cluster(results)) {
            all.push_back(results[one.example].agent_id + ":" + std::to_string(one.variants));
            for (const auto& host : one.hosts)
                all.back() += " " + host;
        }
        return all;
    };
    const auto first = told();
    ASSERT_THAT(first, SizeIs(7));
    std::mt19937 random(5);
    for (int i = 0; i < 10; ++i) {
        std::ranges::shuffle(results, random);
        EXPECT_EQ(told(), first);
    }
}

TEST(Clusters, ManyHostsAndLargeOutputs) {
    std::vector<HostResult> results;
    for (int i = 0; i < 2'000; ++i)
        results.push_back(
            result("host-" + std::to_string(i), "done in " + std::to_string(i) + " ms"));
    results.push_back(result("large", std::string(3'000'000, 'x')));
    results.push_back(result("larger", std::string(3'000'001, 'x')));
    const auto clusters = cluster(results);
    ASSERT_THAT(clusters, SizeIs(2));
    EXPECT_THAT(clusters[0].hosts, SizeIs(2'000));
    EXPECT_THAT(clusters[1].hosts, ElementsAre("large", "larger")) << "alike in their first MiB";
    EXPECT_EQ(clusters[1].variants, 2u);
}

}  // namespace
}  // namespace cockpit::runs
