// The language, row by row: what is valid and who it means, what is not and where the error points.

#include <gtest/gtest.h>

#include "unit/server/targets/fleet.hpp"

namespace cockpit::targets {
namespace {

struct Valid {
    std::string text;
    std::string written;  ///< the one way to write it
    std::string ids;      ///< of the six hosts
};

const std::vector<Valid> valid{
    // Ids and globs.
    {"web-1", "web-1", "web-1"},
    {"all", "all", "all db-1 db-2 web-1 web-10 web-2"},
    {"*", "all", "all db-1 db-2 web-1 web-10 web-2"},
    {"**", "**", "all db-1 db-2 web-1 web-10 web-2"},
    {"\"all\"", "\"all\"", "all"},
    {"\"web-1\"", "web-1", "web-1"},
    {"web-*", "web-*", "web-1 web-10 web-2"},
    {"*-1", "*-1", "db-1 web-1"},
    {"*-1*", "*-1*", "db-1 web-1 web-10"},
    {"web-?", "web-?", "web-1 web-2"},
    {"web-??", "web-??", "web-10"},
    {"web-[12]", "web-[12]", "web-1 web-2"},
    {"web-[0-1]*", "web-[0-1]*", "web-1 web-10"},
    {"[a-dx]*-[!1]", "[a-dx]*-[!1]", "db-2"},
    {"web[-]1", "web[-]1", "web-1"},
    {"WEB-*", "WEB-*", ""},
    {"nothing-*", "nothing-*", ""},
    {"  web-1\t\n", "web-1", "web-1"},
    // Labels.
    {"env=prod", "env=prod", "db-1 web-1 web-2"},
    {"env=test*", "env=test*", "db-2 web-10"},
    {"env=t?st", "env=t?st", "db-2"},
    {"env=\"test\"", "env=test", "db-2"},
    {"env=\"test*\"", "env=\"test*\"", ""},
    {"env!=prod", "env!=prod", "all db-2 web-10"},
    {"not env=prod", "env!=prod", "all db-2 web-10"},
    {"not env!=prod", "not env!=prod", "db-1 web-1 web-2"},
    {"has:site", "has:site", "db-1 web-1 web-2"},
    {"has:site and site!=bern", "has:site and site!=bern", "web-2"},
    {"site=z?ri", "site=z?ri", "web-2"},
    {"site=züri", "site=züri", "web-2"},
    {"site=zü*", "site=zü*", "web-2"},
    {"site=z[!a-z]ri", "site=z[!a-z]ri", "web-2"},
    {"empty=\"\"", "empty=\"\"", "web-10"},
    {"empty=*", "empty=*", "web-10"},
    {"note=\"a*b\"", "note=\"a*b\"", "web-10"},
    {"note=\"a \\\"b\\\" \\\\\"", "note=\"a \\\"b\\\" \\\\\"", ""},
    {"app/image=repo:5/*", "app/image=repo:5/*", "web-2"},
    {"\"odd name\"=1", "\"odd name\"=1", "all"},
    {"has:\"odd name\"", "has:\"odd name\"", "all"},
    {"\"env\"=prod", "env=prod", "db-1 web-1 web-2"},
    {"and=or", "and=or", ""},
    {"not!=all", "not!=all", "all db-1 db-2 web-1 web-10 web-2"},
    {"has:and or not not=x", "has:and or not!=x", "all db-1 db-2 web-1 web-10 web-2"},
    {"evn=prod", "evn=prod", ""},
    // Groups.
    {"group:canary", "group:canary", "web-1"},
    {"group:web", "group:web", "web-1 web-10 web-2"},
    {"group:Odd.1_x", "group:Odd.1_x", "web-10 web-2"},
    {"group:stale", "group:stale", "web-1"},
    // and, or, not, parentheses.
    {"role=web and env=prod", "role=web and env=prod", "web-1 web-2"},
    {"web-1 or db-1", "web-1 or db-1", "db-1 web-1"},
    {"web-1 or web-1", "web-1 or web-1", "web-1"},
    {"not web-*", "not web-*", "all db-1 db-2"},
    {"not not web-1", "not not web-1", "web-1"},
    {"db-1 or role=web and env=prod", "db-1 or role=web and env=prod", "db-1 web-1 web-2"},
    {"(db-1 or role=web) and env=prod", "(db-1 or role=web) and env=prod", "db-1 web-1 web-2"},
    {"(db-2 or role=web) and env=prod", "(db-2 or role=web) and env=prod", "web-1 web-2"},
    {"not web-* and not db-1", "not web-* and not db-1", "all db-2"},
    {"not (web-* or db-1)", "not (web-* or db-1)", "all db-2"},
    {"not(web-*)", "not web-*", "all db-1 db-2"},
    {"((web-1))", "web-1", "web-1"},
    {"web-1 or (db-1 or db-2)", "web-1 or db-1 or db-2", "db-1 db-2 web-1"},
    {"(all and web-*) and env=prod", "all and web-* and env=prod", "web-1 web-2"},
    {"web-1 and db-1", "web-1 and db-1", ""},
    {"(web-1)or(db-1)", "web-1 or db-1", "db-1 web-1"},
    {"all and not group:web", "all and not group:web", "all db-1 db-2"},
    {"all and not (group:canary or env=test*)", "all and not (group:canary or env=test*)",
     "all db-1 web-2"},
};

struct Invalid {
    std::string text;
    std::string error;
};

const std::string a_target =
    "; expected an id, group:NAME, name=value, has:NAME, 'all', 'not' or '('";

const std::vector<Invalid> invalid{
    // Nothing where something must be.
    {"", "column 1: the expression is empty" + a_target},
    {"  ", "column 1: the expression is empty" + a_target},
    {"web-1 or", "column 9: the expression ends here" + a_target},
    {"web-1 and ", "column 11: the expression ends here" + a_target},
    {"not", "column 4: the expression ends here" + a_target},
    {"()", "column 2: ')' cannot stand here" + a_target},
    {"or web-1", "column 1: 'or' cannot stand here" + a_target},
    {"web-1 or and db-1", "column 10: 'and' cannot stand here" + a_target},
    {"web-1 and (not)", "column 15: ')' cannot stand here" + a_target},
    // Something where nothing may be.
    {"web-1 web-2",
     "column 7: 'web-2' follows without a word between; expected 'and', 'or' or the end"},
    {"web-1 not web-2",
     "column 7: 'not' follows without a word between; expected 'and', 'or' or the end"},
    {"web-1 (web-2)",
     "column 7: '(' follows without a word between; expected 'and', 'or' or the end"},
    {"\"web-1\"\"web-2\"",
     "column 8: '\"' follows without a word between; expected 'and', 'or' or the end"},
    {"(web-1 web-2)",
     "column 8: 'web-2' follows without a word between; expected 'and', 'or' or ')'"},
    {"(web-1 or web-2",
     "column 16: the parenthesis of column 1 is not closed; expected 'and', 'or' or ')'"},
    {"web-1)", "column 6: ')' closes nothing; expected 'and', 'or' or the end"},
    {"zürich=1 web-1",
     "column 2: the name of a label has letters, digits, . _ - and /; expected quotes "
     "around it for anything else"},
    {"site=züri web-1",
     "column 11: 'web-1' follows without a word between; expected 'and', 'or' or the end"},
    {"web-1 and=x",
     "column 7: 'and' follows without a word between; expected 'and', 'or' or the end"},
    // What other languages have.
    {"web-1, web-2", "column 6: ',' is not of this language; expected 'or'"},
    {"web-1 && web-2", "column 7: '&' is not of this language; expected 'and'"},
    {"web-1 | web-2", "column 7: '|' is not of this language; expected 'or'"},
    {"!web-1", "column 1: '!' is not of this language; expected 'not'"},
    {"'web-1'", "column 1: ''' is not of this language; expected double quotes"},
    {"web-1 AND web-2", "column 7: 'AND' is a word of the language in capitals; expected 'and'"},
    {"web-1 Or web-2", "column 7: 'Or' is a word of the language in capitals; expected 'or'"},
    {"NOT web-1",
     "column 1: 'NOT' is a word of the language in capitals; expected 'not', or quotes around it "
     "for an id"},
    {"All",
     "column 1: 'All' is a word of the language in capitals; expected 'all', or quotes around it "
     "for "
     "an id"},
    {"web-{1,2}",
     "column 5: '{' is not of this language; expected 'or' between words, or a class such as [12]"},
    {"env = prod", "column 5: '=' is not of this language; expected name=value without spaces"},
    {"env= prod",
     "column 5: the value is missing (' '); expected name=value, or name=\"\" for an empty one"},
    {"env=",
     "column 5: the value is missing (the expression ends); expected name=value, or name=\"\" for "
     "an "
     "empty one"},
    {"env==prod", "column 5: a label is compared with one '='; expected name=value"},
    {"env=a=b", "column 6: '=' in a value; expected quotes around a value that holds it"},
    {"=prod", "column 1: '=' is not of this language; expected name=value without spaces"},
    {"env!prod", "column 4: '!' is not of this language; expected 'not'"},
    // Words that cannot be what they look like.
    {"e*v=prod", "column 2: the name of a label has no wildcards; expected name=value"},
    {"\"\"=x", "column 1: the name of a label is empty; expected name=value"},
    {"has:", "column 5: the name of the label is missing; expected has:NAME"},
    {"has:\"\"", "column 5: the name of a label is empty; expected has:NAME"},
    {"has:a*",
     "column 6: the name of a label has letters, digits, . _ - and /; expected quotes around it "
     "for "
     "anything else"},
    {"group:", "column 7: the name of the group is missing; expected group:NAME"},
    {"group:web*",
     "column 10: the name of a group has no wildcards; expected each group by name, with 'or' "
     "between"},
    {"group:-web",
     "column 7: '-web' cannot be a group; expected 1 to 64 letters, digits, . _ -, the first a "
     "letter or a digit"},
    {"group:\"web\"", "column 7: the name of the group is missing; expected group:NAME"},
    {"grp:web", "column 1: there is no prefix 'grp:'; expected group:NAME or has:NAME"},
    {"db-1 or web/1",
     "column 12: an id has letters, digits, . _ and -; expected one of them, * or ?"},
    {"wéb-1", "column 2: an id has letters, digits, . _ and -; expected one of them, * or ?"},
    {"-web",
     "column 1: no host can have the id '-web'; expected a letter or a digit first, and 255 "
     "characters "
     "at most"},
    {"\"web *\"",
     "column 1: no host can have this id: between quotes every character means itself; expected "
     "letters, digits, . _ and -"},
    // Quotes and classes.
    {"env=\"prod", "column 5: the quote is not closed; expected '\"'"},
    {"env=\"a\\", "column 5: the quote is not closed; expected '\"'"},
    {"env=\"a\\n\"",
     "column 7: a backslash between quotes; expected \\\" for a quote or \\\\ for a backslash"},
    {"env=\"a\nb\"", "column 7: a control character between quotes; expected visible text"},
    {"web-[12", "column 5: the class is not closed; expected ']'"},
    {"web-[", "column 5: the class is not closed; expected ']'"},
    {"web-[]", "column 5: a class is empty; expected [abc] or [a-z]"},
    {"web-[9-1]", "column 6: the range 9-1 runs backwards; expected the smaller one first"},
    {"web-[a,b]",
     "column 7: a class holds letters, digits, . _ - / : @ + ~ % and ranges of them; expected ']'"},
    {"site=[ä]",
     "column 7: a class holds letters, digits, . _ - / : @ + ~ % and ranges of them; expected ']'"},
    {"web-1\x01",
     "column 6: a control character follows without a word between; expected 'and', 'or' or the "
     "end"},
    {"\xff", "column 1: the expression is not well-formed UTF-8; expected text"},
    // Who does not exist.
    {"web-3", "column 1: no host is known as 'web-3'; did you mean 'web-1' or 'web-2'?"},
    {"db-1 or wbe-1", "column 9: no host is known as 'wbe-1'; did you mean 'web-1'?"},
    {"all and not printer", "column 13: no host is known as 'printer'"},
    {"db-1 and group:wbe", "column 10: there is no group 'wbe'; did you mean 'web'?"},
    {"db-1 and group:nothing", "column 10: there is no group 'nothing'"},
};

TEST(ExpressionTable, ValidOnesMeanTheseHosts) {
    const auto hosts = six_hosts();
    for (const auto& row : valid) {
        const auto expression = Expression::parse(row.text);
        ASSERT_TRUE(expression) << row.text << "\n" << expression.error().text();
        EXPECT_EQ(ids_of(resolve(*expression, hosts, four_groups()), hosts), row.ids) << row.text;
    }
}

TEST(ExpressionTable, ValidOnesAreWrittenInOneWay) {
    for (const auto& row : valid) {
        const auto expression = parsed(row.text);
        EXPECT_EQ(expression.text(), row.written) << row.text;
        EXPECT_EQ(parsed(row.written), expression) << row.text;
    }
}

TEST(ExpressionTable, InvalidOnesAreRefusedWhereTheyAreWrong) {
    const auto hosts = six_hosts();
    for (const auto& row : invalid) {
        const auto expression = Expression::parse(row.text);
        const auto said = expression ? ids_of(resolve(*expression, hosts, four_groups()), hosts)
                                     : expression.error().text();
        EXPECT_EQ(said, row.error) << row.text;
    }
}

TEST(ExpressionTable, IsLong) {
    EXPECT_GE(valid.size() + invalid.size(), 120u);
}

TEST(ExpressionLimits, LengthIsBounded) {
    EXPECT_TRUE(Expression::parse("web-1" + std::string(Expression::max_bytes - 5, ' ')));
    const auto longer = Expression::parse("web-1" + std::string(Expression::max_bytes - 4, ' '));
    ASSERT_FALSE(longer);
    EXPECT_EQ(
        longer.error().text(),
        "column 1: the expression has 4097 bytes; expected 4096 at most, and a group for what "
        "is longer");
}

TEST(ExpressionLimits, DepthIsBounded) {
    const auto nested = [](int depth) {
        return std::string(static_cast<std::size_t>(depth), '(') + "web-1" +
               std::string(static_cast<std::size_t>(depth), ')');
    };
    EXPECT_TRUE(Expression::parse(nested(64)));
    const auto deeper = Expression::parse(nested(65));
    ASSERT_FALSE(deeper);
    EXPECT_EQ(deeper.error().text(),
              "column 65: parentheses and 'not' are more than 64 deep; expected less, or a group "
              "for a part of it");
    std::string nots;
    for (int i = 0; i < 65; ++i)
        nots += "not ";
    EXPECT_EQ(Expression::parse(nots + "web-1").error().column, 257u);
    EXPECT_EQ(Expression::parse(std::string(4000, '(')).error().column, 65u);
}

TEST(ExpressionLimits, WidthIsNot) {
    std::string many = "web-1";
    while (many.size() < 4000)
        many += " or db-1";
    const auto hosts = six_hosts();
    EXPECT_EQ(ids_of(resolve(parsed(many), hosts, {}), hosts), "db-1 web-1");
}

TEST(Names, AreLettersAndFewSigns) {
    for (const auto& right :
         std::vector<std::string>{"w", "9", "web.eu_1-x", std::string(63, 'a')}) {
        EXPECT_TRUE(is_group_name(right)) << right;
        EXPECT_TRUE(is_label_name(right)) << right;
    }
    for (const auto& wrong :
         std::vector<std::string>{"", "a b", "a:b", "ä", "a=b", "*", std::string(65, 'a')}) {
        EXPECT_FALSE(is_group_name(wrong)) << wrong;
        EXPECT_FALSE(is_label_name(wrong)) << wrong;
    }
    EXPECT_FALSE(is_group_name("-a"));
    EXPECT_TRUE(is_label_name("-a"));
    EXPECT_TRUE(is_label_name("app/image"));
    EXPECT_FALSE(is_group_name("app/image"));
}

}  // namespace
}  // namespace cockpit::targets
