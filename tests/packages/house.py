"""What surrounds our packages on the machines, and how the tests speak to the server: as docs/install.md does it."""

import base64
import contextlib
import json
import pathlib
import sys
import textwrap

from machine import wait_until

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "integration"))
from docker_engine import DockerEngine  # noqa: E402

REDIS_PASSWORD = "redis pass#word"
POSTGRES_PASSWORD = "postgres-secret"
ADMIN_PASSWORD = "correct horse battery"
FINAL = ("success", "error", "timeout", "cancelled", "cancel_failed", "interrupted", "expired", "refused")


def redis_with_tls(centre):
    """An authority of its own, a certificate for `centre`, no port without TLS, a password."""
    centre.run(textwrap.dedent("""
        set -e
        install -d /etc/redis/tls && cd /etc/redis/tls
        openssl req -x509 -newkey rsa:2048 -nodes -days 3650 -subj '/CN=Cockpit Redis CA' -keyout ca.key -out ca.crt
        openssl req -newkey rsa:2048 -nodes -subj '/CN=centre' -keyout redis.key -out redis.csr
        printf 'subjectAltName=DNS:centre' >san
        openssl x509 -req -in redis.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 825 -extfile san -out redis.crt
        chown redis: redis.key && chmod 600 redis.key ca.key
        """))
    with centre.file("/etc/redis/redis.conf").open("a") as settings:
        settings.write(textwrap.dedent(f"""
            port 0
            tls-port 6379
            bind * -::*
            tls-ca-cert-file /etc/redis/tls/ca.crt
            tls-cert-file /etc/redis/tls/redis.crt
            tls-key-file /etc/redis/tls/redis.key
            tls-auth-clients no
            requirepass "{REDIS_PASSWORD}"
            """))
    centre.run("systemctl", "restart", "redis-server")


def redis(centre, *command):
    """redis-cli, as an operator calls it."""
    return centre.out("redis-cli", "--tls", "--cacert", "/etc/redis/tls/ca.crt", "-h", "centre", "--no-auth-warning",
                      "-a", REDIS_PASSWORD, *command)


def postgres_for_the_server(centre):
    centre.run("runuser", "-u", "postgres", "--", "psql", "-c", f"CREATE ROLE cockpit LOGIN PASSWORD '{POSTGRES_PASSWORD}'")
    centre.run("runuser", "-u", "postgres", "--", "createdb", "-O", "cockpit", "cockpit")


def psql(centre, query):
    return centre.out("runuser", "-u", "postgres", "--", "psql", "-d", "cockpit", "-Atc", query)


def trust_redis(centre, machine):
    """REDIS_TLS_CA, as the settings name it."""
    machine.file("/etc/cockpit/redis-ca.crt").write_bytes(centre.file("/etc/redis/tls/ca.crt").read_bytes())


def install(machine, name, packages="/root/debs", *options):
    """apt, as a person calls it; its words."""
    (package,) = machine.file(packages).glob(f"{name}_*.deb")
    return machine.out("apt-get", "install", "--yes", *options, f"{packages}/{package.name}")


def set_settings(machine, file, **values):
    """What an operator does with an editor: the commented line goes, the value comes."""
    path = machine.file(f"/etc/cockpit/{file}.env")
    lines = path.read_text().splitlines()
    for name, value in values.items():
        lines = [line for line in lines if not line.startswith((f"#{name}=", f"{name}="))]
        lines.append(f'{name}="{value}"')
    path.write_text("\n".join(lines) + "\n")


def wait_healthy(centre):
    wait_until("the server answers /readyz with 200", lambda: "200" == centre.run(
        "curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "http://127.0.0.1:8000/readyz", check=False).stdout)


class Api:
    """The server's API by curl, on the server's machine."""

    def __init__(self, centre, password=ADMIN_PASSWORD):
        self.centre = centre
        self.token = self.call("/auth/login", {"username": "admin", "password": password})["access_token"]

    def call(self, path, body=None):
        words = ["curl", "-s", f"http://127.0.0.1:8000{path}", "-H", "Content-Type: application/json"]
        if hasattr(self, "token"):
            words += ["-H", f"Authorization: Bearer {self.token}"]
        if body is not None:
            words += ["-d", json.dumps(body)]
        return self.centre.json(*words)

    def hosts(self):
        return {agent["agent_id"]: agent["status"] for agent in self.call("/api/cockpit-agent/list")["agents"]}

    def wait_online(self, *names):
        wait_until(f"{names} are online", lambda: all(self.hosts().get(name) == "online" for name in names))

    def send(self, agent, command, timeout=20, **params):
        return self.call("/api/cockpit-agent/command",
                         {"agent_id": agent, "command": command, "params": params, "timeout": timeout})

    def look(self, command):
        return self.call(f"/api/cockpit-agent/commands/{command['command_id']}")

    def wait_status(self, command, *statuses):
        def there():
            now = self.look(command)
            assert now["status"] in statuses or now["status"] not in FINAL, now
            return now if now["status"] in statuses else None
        return wait_until(f"{command['command']} is {statuses}", there)


def long_command(machine):
    """A command of the owner's that runs until /srv/finish is there."""
    machine.file("/usr/local/bin/work").write_text(
        "#!/bin/sh\necho begun\nuntil [ -e /srv/finish ]; do sleep 0.1; done\necho finished\n")
    machine.file("/usr/local/bin/work").chmod(0o755)
    machine.file("/etc/cockpit-agent/commands.d/work.toml").write_text(
        'description = "Runs until /srv/finish is there"\narguments = ["/usr/local/bin/work"]\ntimeout_s = 600\n')


def work_tree(machine):
    """A repository with one commit more than its work tree, which belongs to the agent's user."""
    machine.run(textwrap.dedent("""
        set -e
        install -d -o cockpit-agent -g cockpit-agent /srv/remote.git /srv/app
        runuser -u cockpit-agent -- sh -ec '
            export HOME=/var/lib/cockpit-agent
            git config --global user.name Test && git config --global user.email test@example.org
            git init -q --bare -b main /srv/remote.git
            git clone -q /srv/remote.git /srv/app
            cd /srv/app && git checkout -q -b main
            echo one >file && git add file && git commit -qm one && git push -q origin main
            echo two >file && git commit -qam two && git push -q origin main
            git reset -q --hard HEAD~1'
        """))


@contextlib.contextmanager
def docker_engine(machine):
    """A real engine whose socket, /srv/engine/docker.sock, the machine's group `docker` may use."""
    machine.file("/srv/engine").mkdir()
    engine = DockerEngine(machine.file("/srv/engine"))
    try:
        machine.run("groupadd --system docker && chgrp docker /srv/engine/docker.sock && chmod 660 /srv/engine/docker.sock")
        yield engine
    finally:
        engine.stop()
        machine.run("rm", "-rf", "/srv/engine")


def key_of(machine, service):
    """The fingerprint of a private key file, so that no test prints one."""
    name = {"cockpit-agent": "agent.key", "cockpit-server": "server.key"}[service]
    return base64.b64encode(machine.file(f"/var/lib/{service}/{name}").read_bytes())[:8]
