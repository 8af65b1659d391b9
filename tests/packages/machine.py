"""A machine with a real systemd: systemd-nspawn on a Debian that debootstrap made, in a network of its own."""

import json
import os
import pathlib
import shutil
import subprocess
import time
import zlib

ROOT = pathlib.Path(__file__).resolve().parents[2]
SUITE = "bookworm"
MIRROR = "http://deb.debian.org/debian"
INCLUDED = ("systemd", "systemd-sysv", "dbus", "iproute2", "procps", "ca-certificates", "curl", "git", "openssl",
            "openssh-client", "libssl3", "redis-server", "redis-tools", "postgresql", "man-db")
BOOT_LIMIT_S = 90


def run(*command, **options):
    return subprocess.run(command, check=True, text=True, capture_output=True, **options)


def wait_until(what, condition, limit_s=30):
    """The first true value of `condition`, asked again and again."""
    deadline = time.monotonic() + limit_s
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, f"not within {limit_s} s: {what}"
        time.sleep(0.1)


def base_image(scratch, dependencies):
    """A tarball of the Debian that machines start from; made once, kept in build/machines. What our packages depend on is in
    it, so that the tests need no network."""
    included = ",".join(sorted({*INCLUDED, *dependencies}))
    image = ROOT / "build" / "machines" / f"{SUITE}-{zlib.crc32(included.encode()):08x}.tar"
    if not image.exists():
        image.parent.mkdir(parents=True, exist_ok=True)
        tree = scratch / "debootstrap"
        run("debootstrap", "--variant=minbase", f"--include={included}", SUITE, tree, MIRROR)
        run("chroot", tree, "apt-get", "clean")
        pack(tree, image)
        shutil.rmtree(tree)
    return image


def pack(tree, image):
    fresh = image.with_suffix(".new")
    run("tar", "--numeric-owner", "--xattrs", "-C", tree, "-cf", fresh, ".")
    fresh.rename(image)


def own_cgroups():
    """Where this process is, of version 2 and of systemd's hierarchy, as directories."""
    at = {fields[1]: fields[2] for fields in (line.split(":", 2) for line in pathlib.Path("/proc/self/cgroup").read_text().split())}
    for line in pathlib.Path("/proc/self/mountinfo").read_text().splitlines():
        left, right = line.split(" - ")
        name = "" if right.startswith("cgroup2 ") else "name=systemd"
        if right.startswith("cgroup2 ") or (right.startswith("cgroup ") and right.endswith("name=systemd")):
            yield pathlib.Path(left.split()[4] + at[name])


def remove_groups(group):
    for path, _, _ in os.walk(group, topdown=False):
        os.rmdir(path)


class Machine:
    """Boots, runs commands as its root, reboots. `off` is for units that this machine shall not have."""

    def __init__(self, image, directory, name, address, off=()):
        self.name, self.address = name, address
        self.root = directory / name
        self.log = directory / f"{name}.console"
        self.process = None
        self.root.mkdir()
        run("tar", "--numeric-owner", "--xattrs", "-C", self.root, "-xpf", image)
        (self.root / "etc/hostname").write_text(name + "\n")
        for unit in off:
            (self.root / "etc/systemd/system" / unit).symlink_to("/dev/null")

    @property
    def network(self):
        return f"cockpit-{self.name}"

    def boot(self):
        # Machines of one group would take each other for themselves.
        groups = [group / self.network for group in own_cgroups()]
        for group in groups:
            group.mkdir(exist_ok=True)

        def enter_groups():
            for group in groups:
                (group / "cgroup.procs").write_text("0")

        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                ["systemd-nspawn", "--quiet", "-D", self.root, f"--machine={self.name}", "--register=no", "--keep-unit", "--boot",
                 "--console=read-only", f"--network-namespace-path=/run/netns/{self.network}", "--resolv-conf=off"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, preexec_fn=enter_groups)
        wait_until(f"{self.name} has started", self.is_up, BOOT_LIMIT_S)

    def is_up(self):
        assert self.process.poll() is None, f"systemd-nspawn ended: {self.log.read_text(errors='replace')[-2000:]}"
        state = self.leader() and self.run("systemctl", "is-system-running", check=False).stdout.strip()
        return state in ("running", "degraded")

    def leader(self):
        """The pid of the machine's systemd, or nothing."""
        children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return next((int(pid) for pid in children if os.readlink(f"/proc/{pid}/exe").endswith("/systemd")), None)

    def run(self, *command, check=True, stdin=None):
        """Runs a command there; its answer has stdout and stderr. With one argument it is a shell's line."""
        words = ["sh", "-c", command[0]] if len(command) == 1 else list(command)
        leader = self.leader()
        assert leader, f"{self.name} does not run"
        done = subprocess.run(
            ["nsenter", f"--target={leader}", "--mount", "--uts", "--ipc", "--net", "--pid", "--wdns=/", "env", "-i", "LANG=C.UTF-8",
             "HOME=/root", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND=noninteractive",
             *map(str, words)],
            input=stdin, stdin=None if stdin is not None else subprocess.DEVNULL, text=True, capture_output=True, check=False,
            timeout=300)
        if check:
            assert done.returncode == 0, f"{self.name}: {words}: exit code {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    def out(self, *command):
        return self.run(*command).stdout.strip()

    def json(self, *command):
        return json.loads(self.out(*command))

    def file(self, path):
        return self.root / str(path).lstrip("/")

    def active(self, unit):
        return self.run("systemctl", "is-active", unit, check=False).stdout.strip() == "active"

    def reboot(self):
        self.stop()
        self.boot()

    def stop(self):
        """As at a shutdown: systemd stops every unit."""
        if self.process is None or self.process.poll() is not None:
            return
        self.run("systemctl", "poweroff", check=False)
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(10)
        for group in own_cgroups():
            remove_groups(group / self.network)


class Network:
    """Two machines and the wire between them."""

    def __init__(self, addresses):
        self.names = [f"cockpit-{name}" for name in addresses]
        self.close()
        for name in self.names:
            run("ip", "netns", "add", name)
            run("ip", "-n", name, "link", "set", "lo", "up")
        first, second = self.names
        run("ip", "-n", first, "link", "add", "wire", "type", "veth", "peer", "name", "wire", "netns", second)
        for name, address in zip(self.names, addresses.values()):
            run("ip", "-n", name, "address", "add", f"{address}/24", "dev", "wire")
            run("ip", "-n", name, "link", "set", "wire", "up")

    def close(self):
        for name in self.names:
            subprocess.run(["ip", "netns", "delete", name], check=False, capture_output=True)
        # The first `ip netns add` mounts this directory on itself.
        if os.path.ismount("/run/netns") and not os.listdir("/run/netns"):
            subprocess.run(["umount", "/run/netns"], check=False, capture_output=True)
