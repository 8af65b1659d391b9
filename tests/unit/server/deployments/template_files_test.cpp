#include "server/deployments/template_files.hpp"

#include <gmock/gmock.h>

namespace cockpit::deployments {
namespace {

using testing::HasSubstr;

Service service(std::vector<StoredTemplate> templates) {
    Service made;
    made.name = "grafana";
    made.path = "conf";
    made.templates = std::move(templates);
    made.variables = {{"domain", "example.org"}, {"debug", false}, {"port", 3000}};
    made.group_variables["eu"] = {{"domain", "example.eu"}};
    made.host_variables["web-2"] = {{"domain", "two.example.org"}};
    return made;
}

const std::vector<TemplateHost> three = {
    {"web-1", "one", {}}, {"web-2", "two", {"eu"}}, {"web-3", "three", {"eu"}}};

TEST(TemplateFilesTest, OneFileForAllWhereItIsTheSame) {
    const auto made =
        render_templates(service({{"a.ini", "port = {{port}}\nx = <&>{{&port}}\n"}}), three);
    ASSERT_TRUE(made) << made.error();
    ASSERT_EQ(made->size(), 1u);
    EXPECT_EQ((*made)[0].path, "conf/a.ini");
    EXPECT_EQ((*made)[0].content, "port = 3000\nx = <&>3000\n");
}

TEST(TemplateFilesTest, TheHostsOwnValueStandsBeforeItsGroupsAndTheirsBeforeTheServices) {
    const auto made =
        render_templates(service({{"{{agent_id}}.ini", "{{hostname}}.{{domain}}"}}), three);
    ASSERT_TRUE(made) << made.error();
    ASSERT_EQ(made->size(), 3u);
    EXPECT_EQ((*made)[0].path, "conf/web-1.ini");
    EXPECT_EQ((*made)[0].content, "one.example.org");
    EXPECT_EQ((*made)[1].content, "two.two.example.org");
    EXPECT_EQ((*made)[2].content, "three.example.eu");
}

TEST(TemplateFilesTest, NothingIsEscapedAndOtherMarksMayBeSet) {
    auto made = service({{"a", "{{=<% %>=}}<%text%> {{instance}}"}});
    made.variables["text"] = "a & \"b\" <c>";
    const auto files = render_templates(made, {three[0]});
    ASSERT_TRUE(files) << files.error();
    EXPECT_EQ((*files)[0].content, "a & \"b\" <c> {{instance}}");
}

TEST(TemplateFilesTest, SectionsGoByTrueAndFalse) {
    const auto files = render_templates(
        service({{"a",
                  "{{#debug}}\nlevel = debug\n{{/debug}}\n{{^debug}}\nlevel = info\n"
                  "{{/debug}}\n"}}),
        {three[0]});
    ASSERT_TRUE(files) << files.error();
    // Of a section that is left out the end of its line stays.
    EXPECT_EQ((*files)[0].content, "\nlevel = info\n");
}

TEST(TemplateFilesTest, AVariableWithoutAValueIsAnError) {
    for (const auto* body : {"{{nowhere}}", "{{#nowhere}}x{{/nowhere}}",
                             "{{^nowhere}}x{{/nowhere}}", "{{{nowhere}}}"}) {
        const auto made = render_templates(service({{"a", body}}), three);
        ASSERT_FALSE(made) << body;
        EXPECT_EQ(made.error(),
                  "the template of 'a' for host 'web-1': no value is given for 'nowhere'");
    }
    const auto in_path = render_templates(service({{"{{who}}/a", "x"}}), three);
    ASSERT_FALSE(in_path);
    EXPECT_THAT(in_path.error(), HasSubstr("no value is given for 'who'"));
    const auto partial = render_templates(service({{"a", "{{> other}}"}}), three);
    ASSERT_FALSE(partial);
    EXPECT_THAT(partial.error(), HasSubstr("'> other'"));
}

TEST(TemplateFilesTest, OnePathHasOneContent) {
    const auto made = render_templates(service({{"a", "{{agent_id}}"}}), three);
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error(),
              "the templates give 'a' for host 'web-2' other content than for host 'web-1'; put "
              "{{agent_id}} into the path, so that each has a file of its own");
}

TEST(TemplateFilesTest, TwoGroupsMustAgree) {
    auto made = service({{"a", "{{domain}}"}});
    made.group_variables["db"] = {{"domain", "db.example.org"}};
    const auto files = render_templates(made, {{"web-9", "nine", {"db", "eu"}}});
    ASSERT_FALSE(files);
    EXPECT_EQ(files.error(),
              "host 'web-9' is in the groups 'db' and 'eu', which give variable 'domain' different "
              "values; give it one in host_variables");
    EXPECT_TRUE(render_templates(made, {{"web-2", "two", {"eu"}}}));
}

TEST(TemplateFilesTest, APathMustStayInTheRepository) {
    auto made = service({{"{{where}}/a", "x"}});
    made.variables["where"] = "..";
    const auto files = render_templates(made, three);
    ASSERT_FALSE(files);
    EXPECT_THAT(files.error(), HasSubstr("must not have . or .. in it"));
}

TEST(TemplateFilesTest, WrongTemplatesAndVariablesAreNamed) {
    EXPECT_THAT(*wrong_template({"a", "{{#open}}"}), HasSubstr("the template of 'a' is wrong in"));
    EXPECT_THAT(*wrong_template({"a", "{{open"}), HasSubstr("its body"));
    EXPECT_THAT(*wrong_template({"{{#x}}", ""}), HasSubstr("its path"));
    EXPECT_EQ(*wrong_template({"", "x"}), "'path' is empty");
    EXPECT_FALSE(wrong_template({"a", "{{x}} plain"}));
    EXPECT_THAT(*wrong_variable("a b", true), HasSubstr("must have a name of"));
    EXPECT_THAT(*wrong_variable("hostname", "x"), HasSubstr("is the host's own"));
    EXPECT_THAT(*wrong_variable("x", boost::json::array{}), HasSubstr("must be text"));
    EXPECT_FALSE(wrong_variable("x-1_y", "v"));
}

}  // namespace
}  // namespace cockpit::deployments
