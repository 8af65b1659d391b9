"""The .deb files that ./dev package made, and those that an upgrade goes from and to.

With COCKPIT_UPGRADE_FROM=DIR the machines begin with the packages in DIR, of an earlier version, and are upgraded to the
present ones; without, they begin with the present ones and are upgraded to the same content under a higher version.
"""

import os
import pathlib
import re
import shutil
import subprocess

DIRECTORY = pathlib.Path(os.environ["COCKPIT_BIN"]).parent / "packages"
EARLIER = os.environ.get("COCKPIT_UPGRADE_FROM")
NAMES = ("cockpit-agent", "cockpit-server", "cockpitctl")


def deb(name, directory=DIRECTORY):
    """The one package of this name, or nothing: cockpitctl may not be built."""
    found = list(directory.glob(f"{name}_*.deb"))
    assert len(found) <= 1, f"several versions of {name} in {directory}"
    return found[0] if found else None


def debs(directory=DIRECTORY):
    return [package for package in (deb(name, directory) for name in NAMES) if package]


def first_debs():
    return debs(pathlib.Path(EARLIER)) if EARLIER else debs()


def next_debs(scratch):
    """What the machines are upgraded to; the settings of services have a line more than those before."""
    return [newer(package, field(package, "Version") if EARLIER else "99", scratch) for package in debs()]


def field(package, name):
    return subprocess.run(["dpkg-deb", "-f", package, name], check=True, text=True, capture_output=True).stdout.strip()


def dependencies():
    """Names of all packages that ours depend on."""
    listed = ",".join(field(package, "Depends") for package in debs()).split(",")
    return {part.split()[0] for part in listed if part.strip()}


def newer(package, version, scratch):
    """The same package under another version, with one more line in its conffile."""
    tree = scratch / package.stem
    subprocess.run(["dpkg-deb", "-R", package, tree], check=True)
    control = tree / "DEBIAN/control"
    control.write_text(re.sub(r"(?m)^Version: .*$", f"Version: {version}", control.read_text()))
    for settings in tree.glob("etc/cockpit/*.env"):
        with settings.open("a") as file:
            file.write("\n# A setting that the newer version has.\n#NEWER=1\n")
    (scratch / "newer").mkdir(exist_ok=True)
    subprocess.run(["dpkg-deb", "-b", tree, scratch / "newer"], check=True, capture_output=True)
    shutil.rmtree(tree)
    return deb(field(package, "Package"), scratch / "newer")
