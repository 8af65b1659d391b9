#include "server/auth/identity.hpp"

#include <gmock/gmock.h>

namespace cockpit::auth {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(Identity, MayDoWhatItsPermissionsName) {
    const Identity viewer{.username = "vera", .permissions = {"cockpit_agents:read"}};
    EXPECT_TRUE(viewer.may("cockpit_agents:read"));
    EXPECT_FALSE(viewer.may("cockpit_agents:write"));
    EXPECT_FALSE(viewer.may("cockpit_agents"));
    EXPECT_FALSE(viewer.may("*"));
    EXPECT_FALSE(Identity{}.may("cockpit_agents:read"));
}

TEST(Identity, TheStarIncludesEverything) {
    const Identity administrator{.username = "admin", .permissions = {"*"}};
    for (const auto& permission : known_permissions()) {
        EXPECT_TRUE(administrator.may(permission.name)) << permission.name;
    }
}

TEST(Permissions, AreSortedAndKeptOnce) {
    EXPECT_THAT(*check_permissions({"users:read", "cockpit_agents:read", "users:read"}),
                ElementsAre("cockpit_agents:read", "users:read"));
    EXPECT_TRUE(check_permissions({})->empty());
}

TEST(Permissions, AnUnknownOneIsNamedWithTheKnownOnes) {
    const auto refused = check_permissions({"cockpit_agents:read", "cockpit_agents:reed"});
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error(), HasSubstr("'cockpit_agents:reed'"));
    EXPECT_THAT(refused.error(), HasSubstr("cockpit_agents:write"));
}

TEST(Username, IsShortPlainAndLowerCase) {
    for (const auto* right : {"admin", "a", "vera.b-2_x@example.org", "7up"}) {
        EXPECT_TRUE(check_username(right)) << right;
    }
    for (const auto& wrong :
         {std::string(), std::string("Admin"), std::string(".a"), std::string("a b"),
          std::string("a\nb"), std::string(65, 'a'), std::string("a\0b", 3), std::string("zoë")}) {
        const auto refused = check_username(wrong);
        ASSERT_FALSE(refused) << wrong;
        EXPECT_THAT(refused.error(), HasSubstr("1 to 64 lower-case letters"));
    }
}

}  // namespace
}  // namespace cockpit::auth
