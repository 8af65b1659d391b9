"""The .deb files that ./dev package made, and newer ones of the same content."""

import os
import pathlib
import re
import shutil
import subprocess

DIRECTORY = pathlib.Path(os.environ["COCKPIT_BIN"]).parent / "packages"
NAMES = ("cockpit-agent", "cockpit-server", "cockpitctl")


def deb(name):
    """The one package of this name, or nothing: cockpitctl may not be built."""
    found = list(DIRECTORY.glob(f"{name}_*.deb"))
    assert len(found) <= 1, f"several versions of {name} in {DIRECTORY}: run ./dev package"
    return found[0] if found else None


def debs():
    return [package for package in map(deb, NAMES) if package]


def field(package, name):
    return subprocess.run(["dpkg-deb", "-f", package, name], check=True, text=True, capture_output=True).stdout.strip()


def dependencies():
    """Names of all packages that ours depend on."""
    listed = ",".join(field(package, "Depends") for package in debs()).split(",")
    return {part.split()[0] for part in listed if part.strip()}


def newer(package, scratch, conffile=None):
    """The same package under version 99, with one more line in its conffile."""
    tree = scratch / package.stem
    subprocess.run(["dpkg-deb", "-R", package, tree], check=True)
    control = tree / "DEBIAN/control"
    control.write_text(re.sub(r"(?m)^Version: .*$", "Version: 99", control.read_text()))
    if conffile:
        with (tree / conffile.lstrip("/")).open("a") as settings:
            settings.write("\n# A setting that the newer version has.\n#NEWER=1\n")
    built = scratch / f"{field(package, 'Package')}_99.deb"
    subprocess.run(["dpkg-deb", "-b", tree, built], check=True, capture_output=True)
    shutil.rmtree(tree)
    return built
