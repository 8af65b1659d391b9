#include "server/store/database_url.hpp"

#include <gtest/gtest.h>

namespace cockpit::store {
namespace {

TEST(DatabaseUrl, SqlitePathIsAbsoluteWithThreeSlashesAndWithFour) {
    for (const auto* url : {"sqlite:///var/lib/cockpit.db", "sqlite:////var/lib/cockpit.db"}) {
        const auto parsed = parse_database_url(url);
        ASSERT_TRUE(parsed) << parsed.error();
        EXPECT_EQ(parsed->dialect, Dialect::sqlite);
        EXPECT_EQ(parsed->location, "/var/lib/cockpit.db");
        EXPECT_EQ(parsed->shown, url);
    }
}

TEST(DatabaseUrl, RefusesWhatHasNoFile) {
    EXPECT_EQ(parse_database_url("sqlite:///:memory:").error(),
              "a database in memory would lose every command when the server stops; give a file: "
              "sqlite:///var/lib/cockpit/cockpit.db");
    EXPECT_EQ(
        parse_database_url("sqlite://cockpit.db").error(),
        "'sqlite://cockpit.db' has no absolute path; write three slashes and the path, such as "
        "sqlite:///var/lib/cockpit/cockpit.db");
    EXPECT_EQ(parse_database_url("sqlite:///var/lib/").error(),
              "'sqlite:///var/lib/' names a directory; name the database file, such as "
              "sqlite:///var/lib/cockpit/cockpit.db");
    EXPECT_EQ(parse_database_url("sqlite:///").error(),
              "'sqlite:///' names a directory; name the database file, such as "
              "sqlite:///var/lib/cockpit/cockpit.db");
}

TEST(DatabaseUrl, RefusesOtherDatabasesWithoutTellingThePassword) {
    EXPECT_EQ(
        parse_database_url("mysql://cockpit:geheim@db/cockpit").error(),
        "'mysql://cockpit:***@db/cockpit' is no database URL; write sqlite:///absolute/path or "
        "postgresql://user:password@host/database");
}

TEST(DatabaseUrl, PostgresIsGivenToLibpqWholeAndShownWithoutItsPassword) {
    const auto parsed = parse_database_url("postgresql://cockpit:a@b/c?d@db:5432/cockpit");
    ASSERT_TRUE(parsed);
    EXPECT_EQ(parsed->dialect, Dialect::postgres);
    EXPECT_EQ(parsed->location, "postgresql://cockpit:a@b/c?d@db:5432/cockpit");
    EXPECT_EQ(parsed->shown, "postgresql://cockpit:***@db:5432/cockpit");
    EXPECT_EQ(parse_database_url("postgres:///c?host=/run&password=geheim&user=u")->shown,
              "postgres:///c?host=/run&password=***&user=u");
    EXPECT_EQ(without_password("postgresql://db/cockpit"), "postgresql://db/cockpit");
}

}  // namespace
}  // namespace cockpit::store
