// Random expressions: what is printed and parsed again is the same, and whole sets agree with a
// judgement host by host.

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "unit/server/targets/fleet.hpp"

namespace cockpit::targets {
namespace {

using Kind = Node::Kind;

class Random {
  public:
    explicit Random(unsigned seed) : engine_(seed) {}

    std::size_t below(std::size_t limit) {
        return std::uniform_int_distribution<std::size_t>(0, limit - 1)(engine_);
    }
    std::string one_of(const std::vector<std::string>& list) { return list[below(list.size())]; }

    /// The text of some valid expression, with spaces and parentheses that need not be.
    std::string expression(int depth) {
        const auto kind = depth == 0 ? 0 : below(6);
        if (kind < 2) return term();
        if (kind == 2) return "not" + space() + expression(depth - 1);
        if (kind == 3) return "( " + expression(depth - 1) + gap() + ")";
        const auto word = kind == 4 ? "and" : "or";
        return expression(depth - 1) + space() + word + space() + expression(depth - 1);
    }

  private:
    std::string gap() { return std::string(below(2), ' '); }
    std::string space() { return one_of({" ", "  ", "\t", " \n"}); }
    std::string term() {
        const auto id =
            one_of({"web-1", "web-*", "db-?", "[a-w]*", "*", "all", "\"all\"", "db-[!1]"});
        const auto name = one_of({"env", "site", "role", "and", "\"odd name\"", "\"\\\\\"", "a/b"});
        const auto value =
            one_of({"prod", "t*", "\"t*\"", "\"\"", "züri", "\"a \\\" b\"", "[a-z]*", "all"});
        switch (below(5)) {
            case 0:
                return "group:" + one_of({"web", "canary", "Odd.1_x", "stale"});
            case 1:
                return "has:" + name;
            case 2:
                return name + "=" + value;
            case 3:
                return name + "!=" + value;
            default:
                return id;
        }
    }
    std::mt19937 engine_;
};

bool is_meant(const Node& node, const Host& host, const Definitions& groups) {
    const auto meant = [&](const Node& child) { return is_meant(child, host, groups); };
    const auto label = host.labels.find(node.name);
    switch (node.kind) {
        case Kind::everything:
            return true;
        case Kind::id:
            return node.pattern.matches(host.id);
        case Kind::group: {
            const auto& group = groups.at(node.name);
            return group.expression
                       ? meant(group.expression->root())
                       : std::ranges::find(group.members, host.id) != group.members.end();
        }
        case Kind::label:
            return label != host.labels.end() && node.pattern.matches(label->second);
        case Kind::has_label:
            return label != host.labels.end();
        case Kind::negation:
            return !meant(node.children.at(0));
        case Kind::both:
            return std::ranges::all_of(node.children, meant);
        case Kind::either:
            return std::ranges::any_of(node.children, meant);
    }
    return false;
}

TEST(ExpressionProperties, PrintedAndParsedAgainItIsTheSame) {
    Random random(20261125);
    for (int i = 0; i < 5'000; ++i) {
        const auto text = random.expression(5);
        const auto expression = Expression::parse(text);
        ASSERT_TRUE(expression) << text << "\n" << expression.error().text();
        const auto printed = expression->text();
        const auto again = Expression::parse(printed);
        ASSERT_TRUE(again) << printed << "\n" << again.error().text();
        ASSERT_EQ(*again, *expression) << text << "\n" << printed;
        ASSERT_EQ(again->text(), printed);
    }
}

TEST(ExpressionProperties, SetsAgreeWithAJudgementHostByHost) {
    Random random(4711);
    const auto hosts = six_hosts();
    const auto groups = four_groups();
    for (int i = 0; i < 2'000; ++i) {
        const auto text = random.expression(4);
        const auto expression = parsed(text);
        std::string expected;
        for (const auto& host : hosts) {
            if (!is_meant(expression.root(), host, groups)) continue;
            expected += (expected.empty() ? "" : " ") + host.id;
        }
        ASSERT_EQ(ids_of(resolve(expression, hosts, groups), hosts), expected) << text;
    }
}

TEST(ExpressionProperties, CutAnywhereItIsRightOrWrongButNeverMore) {
    Random random(7);
    for (int i = 0; i < 200; ++i) {
        const auto text = random.expression(4);
        for (std::size_t cut = 0; cut < text.size(); ++cut) {
            const auto part = Expression::parse(std::string_view(text).substr(0, cut));
            if (part) continue;
            EXPECT_LE(part.error().column, cut + 1) << text.substr(0, cut);
            EXPECT_FALSE(part.error().sentence.empty());
        }
    }
}

}  // namespace
}  // namespace cockpit::targets
