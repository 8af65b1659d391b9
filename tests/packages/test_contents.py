"""What is in the .deb files, without installing them."""

import os
import subprocess

import pytest

from debs import deb, debs, field

PACKAGES = {package.name.split("_")[0]: package for package in debs()}
SERVICES = ("cockpit-agent", "cockpit-server")


def listing(package):
    """path: (mode, owner) of all that is in it."""
    text = subprocess.run(["dpkg-deb", "-c", package], check=True, text=True, capture_output=True).stdout
    rows = (line.split() for line in text.splitlines())
    return {row[5].removeprefix(".").rstrip("/"): (row[0], row[1]) for row in rows}


@pytest.fixture(params=PACKAGES)
def package(request):
    return PACKAGES[request.param]


@pytest.mark.parametrize("name", SERVICES)
def test_both_services_were_packaged(name):
    assert deb(name)


def test_the_agent_depends_on_libc_alone():
    dependencies = [part.split()[0] for part in field(deb("cockpit-agent"), "Depends").split(",")]
    assert dependencies == ["libc6"]


def test_git_comes_along_unless_it_is_unwanted():
    assert "git" in field(deb("cockpit-agent"), "Recommends").split(", ")


def test_the_server_suggests_what_it_keeps_its_data_with():
    assert "redis-server" in field(deb("cockpit-server"), "Recommends")
    assert "postgresql" in field(deb("cockpit-server"), "Suggests")


def test_all_packages_have_the_version_of_their_program(package):
    name = field(package, "Package")
    program = os.environ["COCKPIT_BIN"] + "/" + name
    said = subprocess.run([program, "--version"], check=True, text=True, capture_output=True).stdout
    assert field(package, "Version") in said


@pytest.mark.parametrize("name", SERVICES)
def test_settings_are_a_conffile_that_others_cannot_read(name):
    settings = f"/etc/cockpit/{name.removeprefix('cockpit-')}.env"
    control = subprocess.run(["dpkg-deb", "-I", deb(name), "conffiles"], check=True, text=True, capture_output=True)
    assert control.stdout.split() == [settings]
    assert listing(deb(name))[settings] == ("-rw-r-----", "root/root")


@pytest.mark.parametrize("name", SERVICES)
def test_unit_user_directories_and_manual_are_there(name):
    files = listing(deb(name))
    for path in (f"/usr/sbin/{name}", f"/usr/lib/systemd/system/{name}.service", f"/usr/lib/sysusers.d/{name}.conf",
                 f"/usr/lib/tmpfiles.d/{name}.conf", f"/usr/share/man/man8/{name}.8.gz",
                 f"/usr/share/doc/{name}/copyright", f"/usr/share/doc/{name}/changelog.gz"):
        assert path in files


def test_everything_belongs_to_root_and_is_writable_by_root_alone(package):
    for path, (mode, owner) in listing(package).items():
        assert owner == "root/root", path
        assert mode[0] == "l" or (mode[5] == mode[8] == "-"), path


def test_lintian_finds_no_error(package):
    said = subprocess.run(["lintian", "--fail-on", "error", package], text=True, capture_output=True, check=False)
    assert said.returncode == 0, said.stdout + said.stderr
