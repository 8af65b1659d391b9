"""The packaged settings against docs/settings.md and against what the programs read."""

import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
CONFIG = ROOT / "src" / "config"
SOURCES = {"agent": ("agent_settings.cpp", "redis_settings.cpp", "value_rules.cpp"),
           "server": ("server_settings.cpp", "redis_settings.cpp", "notify_settings.cpp", "value_rules.cpp")}
NAME = r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*"
# How src/config names a setting: reader.text("NAME", …), read_absolute_path(reader, "NAME"), seconds("NAME", …).
READ = re.compile(rf'(?:reader\.(?:text|optional_text|integer|boolean|list|choice)\(|\(reader, |seconds\()\s*"({NAME})"')


def packaged(program):
    """NAME: default, in the order of the file."""
    text = (ROOT / "packaging" / "config" / f"{program}.env").read_text()
    return re.findall(rf"(?m)^#({NAME})=(.*)$", text)


def described(program):
    """NAME: default, from the tables of the program and of Redis."""
    found, wanted = {}, False
    for line in (ROOT / "docs" / "settings.md").read_text().splitlines():
        if line.startswith("## "):
            wanted = line.startswith(("## Redis", f"## cockpit-{program}"))
        cells = [cell.strip() for cell in line.split("|")]
        if wanted and len(cells) == 6 and cells[1].startswith("`"):
            default = cells[3].strip("`") if "`" in cells[3] or re.fullmatch(r"\d+", cells[3]) else ""
            found.update({name: default for name in re.findall(rf"`({NAME})`", cells[1])})
    return found


def read(program):
    return {name for source in SOURCES[program] for name in READ.findall((CONFIG / source).read_text())}


@pytest.mark.parametrize("program", SOURCES)
def test_every_setting_is_there_once(program):
    names = [name for name, _ in packaged(program)]
    assert len(names) == len(set(names))
    assert set(names) == set(described(program)) == read(program)


@pytest.mark.parametrize("program", SOURCES)
def test_a_default_is_that_of_the_documentation(program):
    documents = described(program)
    for name, value in packaged(program):
        if value:
            assert documents[name] in (value, ""), name


@pytest.mark.parametrize("program", SOURCES)
def test_nothing_is_set(program):
    lines = (ROOT / "packaging" / "config" / f"{program}.env").read_text().splitlines()
    assert [line for line in lines if line and not line.startswith("#")] == []


@pytest.mark.parametrize("program", SOURCES)
def test_each_setting_says_what_it_means(program):
    lines = (ROOT / "packaging" / "config" / f"{program}.env").read_text().splitlines()
    for number, line in enumerate(lines):
        if re.match(rf"#{NAME}=", line):
            above = lines[number - 1]
            assert above.startswith("# ") or re.match(rf"#{NAME}=", above), f"{line} has no explanation above it"
