"""tools/check_documents.py: the documents are right today, and each kind of mistake is found in made-up ones."""

import sys

import pytest

from programs import ROOT

sys.path.insert(0, str(ROOT / "tools"))

import check_documents  # noqa: E402
from documents import endpoints, links, repository, settings, texts  # noqa: E402
from documents.repository import Repository  # noqa: E402

OPENAPI = {"paths": {
    "/auth/login": {"post": {"requestBody": {"content": {"application/json": {"schema": {
        "properties": {"username": {}, "password": {}}, "required": ["username", "password"]}}}}}},
    "/runs/{run_id}/pause": {"post": {}},
    "/runs/{run_id}/resume": {"post": {}}}}
API = "`POST /auth/login`, `POST /runs/{run_id}/pause`, `/resume`\n"
AGENT_SOURCE = '''
constexpr std::int64_t mib = 1 << 20;
settings.limit = reader.integer("LIMIT_A", 2 * mib, 10, 1'000'000);
settings.on = reader.boolean("ON_A", false);
settings.name = reader.text("NAME_A", system);
settings.wait = seconds("WAIT_A", 30, 1, 60);
settings.path = read_absolute_path(reader, "PATH_A").value_or("/x");
'''
SETTINGS = '''## cockpit-agent

| name | meaning | default | range |
|---|---|---|---|
| `LIMIT_A` + | a | 2097152 | 10 to 1000000 |
| `ON_A` | b | `false` | boolean |
| `NAME_A`, `PATH_A` | c | | |
| `WAIT_A` | d | 30 | 1 to 60 |
'''


def test_the_documents_are_right():
    assert check_documents.check(repository.read(ROOT)) == []


@pytest.mark.parametrize("text, sentence", [
    ("[x](gone.md)", "docs/a.md:1: the link gone.md leads to docs/gone.md, which is not there"),
    ("\n[x](b.md#no)", "docs/a.md:2: the link b.md#no leads to no heading of docs/b.md"),
    ("[x](#no)", "docs/a.md:1: the link #no leads to no heading of docs/a.md"),
    ("[x](../src)", None), ("[x](b.md#what-is-it-b)", None), ("[x](b.md#twice-1)", None),
    ("[x](https://example.org/gone)", None), ("`[x](gone.md)`", None), ("```\n[x](gone.md)\n```", None),
])
def test_links(text, sentence):
    documents = {"docs/README.md": "[a](a.md) [b](b.md)", "docs/a.md": text,
                 "docs/b.md": "# What is it, `b`?\n\n## Twice\n\n## Twice\n"}
    found = links.check(Repository(documents, paths={*documents, "src/x/y.cpp"}))
    assert found == ([sentence] if sentence else [])


def test_a_page_that_the_index_does_not_name():
    documents = {"docs/README.md": "", "docs/adr/0001-a.md": "# A"}
    assert links.check(Repository(documents, paths=set(documents))) == [
        "docs/README.md: docs/adr/0001-a.md is not in the index"]


@pytest.mark.parametrize("old, new, words", [
    ("", "", None),
    ("| `ON_A` | b | `false` | boolean |\n", "", "ON_A, which src/config/agent_settings.cpp reads, is not in the table"),
    ("`NAME_A`, `PATH_A`", "`NAME_A`, `PATH_A`, `MADE_UP`", "nothing that 'cockpit-agent' tells of reads MADE_UP"),
    ("2097152", "2097153", "the default of LIMIT_A is 2097152, and not '2097153'"),
    ("| `false` |", "| `true` |", "the default of ON_A is false"),
    ("10 to 1000000", "10 to 999999", "LIMIT_A is at most 1000000"),
    ("1 to 60", "2 to 60", "WAIT_A is at least 1"),
])
def test_settings(old, new, words):
    found = settings.check(Repository(
        {"docs/settings.md": SETTINGS.replace(old, new, 1)}, {"src/config/agent_settings.cpp": AGENT_SOURCE}))
    assert (found == []) if words is None else (len(found) == 1 and words in found[0]), found


def test_a_setting_that_nothing_reads():
    made = Repository({"docs/settings.md": SETTINGS, "docs/a.md": "\n`LIMIT_A=3` `LIMIT_B=3` `SIGKILL`"},
                      {"src/config/agent_settings.cpp": AGENT_SOURCE})
    assert settings.check(made) == ["docs/a.md:2: LIMIT_B looks like a setting, and nothing reads it"]


@pytest.mark.parametrize("text, words", [
    ("`GET /auth/login`", "no endpoint is GET /auth/login"),
    ("`POST …/runs/{id}/stop`", "no endpoint is POST …/runs/{id}/stop"),
    ("    curl -s $COCKPIT/auth/lgoin\n", "no endpoint is GET /auth/lgoin"),
    ("    curl -s $COCKPIT/auth/login -d '{\"username\": \"a\"}'\n", "lacks 'password'"),
    ("    curl $COCKPIT/auth/login \\\n      -d '{\"username\": \"a\", \"password\": \"…\",\n      \"x\": 1}'\n", "sends 'x'"),
    ("    curl -s $COCKPIT/auth/login -d '{username}'\n", "is no JSON"),
    ("`POST …/runs/{id}/pause`, `/resume`\n\n    curl -X POST http://localhost:1/runs/7/pause\n", None),
])
def test_endpoints(text, words):
    found = endpoints.check(Repository({"docs/api.md": API, "docs/a.md": text}, openapi=OPENAPI))
    assert (found == []) if words is None else (len(found) == 1 and words in found[0]), found


def test_an_endpoint_that_no_page_tells_of():
    found = endpoints.check(Repository({"docs/api.md": API.replace(", `/resume`", "")}, openapi=OPENAPI))
    assert found == ["docs/api.md: neither it nor a page it links to tells of POST /runs/{run_id}/resume"]


@pytest.mark.parametrize("quote, found_there", [
    ("the disk of … is full: …", True), ("a text of two literals", True), ("it's \"quoted\"", True),
    ("the disk of … is empty", False), ("the disc of …", False), ("text in a comment", False),
    ("fatal: could not read Username for …", True), ("POST /x", True),
])
def test_quotes(quote, found_there):
    source = ('// "text in a comment"\nauto a = "the disk of " + name + " is full: " + why;\n'
              'auto b = "a text "\n    "of two literals"; auto c = "it\'s \\"quoted\\""; char d = \'"\';')
    found = texts.check(Repository(
        {"docs/troubleshooting.md": f"| text | cure |\n|---|---|\n| `{quote}` | `not looked at` |\n"}, {"src/a.cpp": source}))
    assert (found == []) is found_there, found


def test_states_tables_and_migrations():
    source = 'std::pair{CommandState::ended, std::string_view("ended")}, "CREATE TABLE cockpit_a (" "001_first"'
    documents = {"docs/architecture.md": "| state | means |\n|---|---|\n| `ended` | it did |\n\n`cockpit_a` `001_first`"}
    made = Repository(documents, {"src/protocol/command_state.cpp": source})
    assert texts.check(made) == []
    documents["docs/architecture.md"] = documents["docs/architecture.md"].replace("`ended`", "`gone`").replace("_a`", "_b`")
    assert [sentence.split(": ", 1)[1] for sentence in texts.check(made)] == [
        "the table of states lacks 'ended'", "src/protocol/command_state.cpp knows no state 'gone'", "src/ knows no 'cockpit_b'"]
