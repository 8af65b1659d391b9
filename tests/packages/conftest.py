"""Two machines that live through the whole story of an installation, step by step."""

import contextlib
import os
import pathlib
import shutil
import subprocess
import tempfile
import types

import pytest

from debs import DIRECTORY, debs, dependencies, first_debs
from machine import Machine, Network, base_image

ADDRESSES = {"centre": "10.77.0.1", "edge": "10.77.0.2"}


def pytest_sessionstart(session):
    if not session.config.option.collectonly and not debs():
        pytest.exit(f"there are no packages in {DIRECTORY}; make them first (./dev package)", 3)


@pytest.fixture(scope="session")
def scratch():
    directory = pathlib.Path(tempfile.mkdtemp(prefix="cockpit-packages-", dir="/var/tmp"))
    yield directory
    shutil.rmtree(directory)


@pytest.fixture(scope="session")
def machines(scratch):
    """`centre` has Redis, PostgreSQL, the server and an agent; `edge` has an agent."""
    if os.geteuid() != 0:
        pytest.skip("machines with a systemd of their own need root")
    image = base_image(scratch, dependencies())
    with contextlib.ExitStack() as cleanup:
        network = Network(ADDRESSES)
        cleanup.callback(network.close)
        centre = Machine(image, scratch, "centre", ADDRESSES["centre"])
        edge = Machine(image, scratch, "edge", ADDRESSES["edge"], off=("redis-server.service", "postgresql.service"))
        for machine in (centre, edge):
            machine.file("/etc/hosts").write_text(
                "127.0.0.1 localhost\n" + "".join(f"{address} {name}\n" for name, address in ADDRESSES.items()))
            machine.file("/root/debs").mkdir()
            for package in first_debs():
                shutil.copy(package, machine.file("/root/debs"))
            cleanup.callback(machine.stop)
            machine.boot()
        yield types.SimpleNamespace(centre=centre, edge=edge)


@pytest.fixture(autouse=True)
def story_goes_on(request):
    """After a step that failed the next ones say so, instead of failing for other reasons."""
    story = request.node.parent
    if getattr(story, "broken", None):
        pytest.fail(f"not tried: {story.broken} failed", pytrace=False)
    yield
    if getattr(request.node, "failed_call", False) and request.module.__name__.startswith("test_story"):
        story.broken = request.node.name


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    if report.failed:
        item.failed_call = True
        machines = item.funcargs.get("machines")
        for machine in vars(machines).values() if machines else ():
            with contextlib.suppress(AssertionError, subprocess.SubprocessError):
                log = machine.run("journalctl", "--no-pager", "-u", "cockpit-*", "-n", "40", check=False).stdout
                report.sections.append((f"journal of {machine.name}", log))
