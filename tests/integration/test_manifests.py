"""Commands that the host's owner describes in files: run, refused, changed while the agent runs, with secrets."""

import hashlib
import os
import pathlib
import signal
import subprocess
import threading
import types

import pytest

from processes import environment, wait_for
from programs import BIN, ROOT

SHARED = ROOT / "share" / "commands"
SECRET = "correct-horse-9f2c"


def manifest(directory, name, text):
    file = directory / f"{name}.toml"
    file.write_text(text)
    file.chmod(0o644)
    return file


def script(directory, name, text):
    file = directory / name
    file.write_text("#!/bin/sh\n" + text)
    file.chmod(0o755)
    return file


@pytest.fixture(scope="module")
def host(new_directory, new_store):
    """A fleet with one host, whose owner has a directory of manifests."""
    import conftest  # pylint: disable=import-outside-toplevel
    commands = new_directory("c")
    commands.chmod(0o755)
    work = new_directory("w")
    (work / "root" / "in").mkdir(parents=True)
    os.symlink("/etc", work / "root" / "out")
    manifest(commands, "say", f"""
description = "Say what it got"
arguments = ["{script(work, 'say', 'for word; do echo "<$word>"; done')}", "--id={{id}}", "{{word}}"]
[parameters.id]
type = "string"
pattern = "[a-z]+"
[parameters.word]
type = "string"
required = false
""")
    manifest(commands, "look", f"""
description = "A path"
arguments = ["/bin/echo", "{{path}}"]
[parameters.path]
type = "path"
root = "{work}/root"
""")
    manifest(commands, "login", f"""
description = "Needs a token"
arguments = ["{script(work, 'login', 'printf %s "$TOKEN" | sha256sum | cut -d" " -f1')}"]
[environment]
TOKEN = "{{token}}"
[parameters.token]
type = "secret"
pattern = "[a-z0-9-]+"
""")
    hold = script(work, "hold", f'echo "begin $1" >>{work}/log\n'
                                f'n=0; while [ ! -e {work}/go ] && [ $n -lt 600 ]; do n=$((n+1)); sleep 0.1; done\n'
                                f'echo "end $1" >>{work}/log')
    manifest(commands, "hold", f"""
description = "Waits for a file"
arguments = ["{hold}", "{{name}}"]
resource = "held:{{of}}"
working_directory = "/"
timeout_s = 90
[environment]
OF = "{{of}}"
[parameters.name]
type = "string"
[parameters.of]
type = "string"
""")
    for name in ("disk_usage", "ping"):
        manifest(commands, name, (SHARED / f"{name}.toml").read_text())
    manifest(commands, "git_status",
             (SHARED / "git_status.toml").read_text().replace('root = "/srv"', f'root = "{work}"'))
    systemctl = script(work, "systemctl", 'for word; do echo "<$word>"; done')
    manifest(commands, "systemctl_restart",
             (SHARED / "systemctl_restart.toml").read_text().replace("/usr/bin/systemctl", str(systemctl)))

    fleet = conftest.Fleet(new_directory, new_store("sqlite"))
    with fleet.exit:
        agent = fleet.add_agent("owner-1", COMMANDS_DIR=str(commands))
        wait_for("the commands are known", lambda: "say" in capabilities(fleet))
        yield types.SimpleNamespace(fleet=fleet, api=fleet.api, agent=agent, commands=commands, work=work)


def capabilities(fleet):
    return fleet.api.agents()["owner-1"]["capabilities"]


def run(host, command, params=None, **more):
    return host.api.command("owner-1", command, params, timeout=40, **more)


def reload(host, until):
    host.agent.program.signal(signal.SIGHUP)
    wait_for("the server has heard of it", lambda: until(capabilities(host.fleet)))


def test_each_value_stays_one_argument(host):
    answer = run(host, "say", {"id": "ab", "word": "a b; $(id) `id` * \"'"})
    assert answer.status == 200, answer
    assert answer.json["output"] == "<--id=ab>\n<a b; $(id) `id` * \"'>\n"
    assert run(host, "say", {"id": "ab"}).json["output"] == "<--id=ab>\n"


def test_what_does_not_fit_the_schema_is_refused_before_it_is_sent(host):
    before = len(host.fleet.rows())
    for params, sentence in [
            ({"id": "AB"}, "parameter 'id' of command 'say' must match the pattern [a-z]+"),
            ({}, "parameter 'id' of command 'say' is missing: it is a required string"),
            ({"id": 1}, "parameter 'id' of command 'say' must be a string"),
            ({"id": "a", "x": 1}, "unknown parameter 'x' for command 'say': it takes id, word")]:
        answer = run(host, "say", params)
        assert answer.status == 400, answer
        assert sentence in answer.detail
    assert "must be an absolute path at or below" in run(host, "look", {"path": "/etc/passwd"}).detail
    assert len(host.fleet.rows()) == before, "nothing was recorded"


def test_the_host_has_the_last_word_on_paths(host):
    root = host.work / "root"
    assert run(host, "look", {"path": f"{root}/in"}).json["output"] == f"{root}/in\n"
    answer = run(host, "look", {"path": f"{root}/out/passwd"})
    assert answer.status == 422, answer
    assert answer.json["status"] == "refused"
    assert f"leads out of {root}: on this host it is /etc/passwd" in answer.json["error"]


def test_a_value_cannot_become_an_option(host):
    answer = run(host, "say", {"id": "a", "word": "--force"})
    assert answer.status == 422, answer
    assert "parameter 'word' must not begin with '-' here" in answer.json["error"]


def test_one_at_a_time_for_one_resource_and_others_beside_it(host):
    log = host.work / "log"

    def send(name, of):
        answer = host.api.command("owner-1", "hold", {"name": name, "of": of})
        assert answer.status == 200, answer
        return answer.json["command_id"]

    def lines():
        return log.read_text().split("\n")[:-1] if log.exists() else []

    first = send("first", "a")
    wait_for("the first has begun", lambda: "begin first" in lines())
    second, other = send("second", "a"), send("other", "b")
    wait_for("another resource does not wait", lambda: "begin other" in lines())
    wait_for("the second waits on the host", lambda: host.api.find(second).json["status"] == "delivered")
    assert "begin second" not in lines()
    (host.work / "go").touch()
    for command in (first, second, other):
        assert host.fleet.server.wait_final(command)["status"] == "success"
    assert lines().index("end first") < lines().index("begin second")


def test_the_shipped_examples_run(host):
    usage = run(host, "disk_usage", {"path": "/tmp"})
    assert usage.status == 200 and "Use%" in usage.json["output"], usage
    assert len(usage.json["output"].splitlines()) == 2
    assert len(run(host, "disk_usage").json["output"].splitlines()) >= 2

    tree = host.work / "tree"
    subprocess.run(["git", "init", "-q", "-b", "main", tree], check=True)
    (tree / "new").touch()
    status = run(host, "git_status", {"path": str(tree)})
    assert status.status == 200, status
    assert status.json["output"] == "## No commits yet on main\n?? new\n"
    assert "does not exist on this host" in run(host, "git_status", {"path": f"{host.work}/none"}).json["error"]

    restart = run(host, "systemctl_restart", {"unit": "nginx.service"})
    assert restart.json["output"] == "<--no-ask-password>\n<restart>\n<nginx.service>\n", restart
    assert "must be one of: nginx.service, grafana-server.service" in run(
        host, "systemctl_restart", {"unit": "sshd.service"}).detail

    if not pathlib.Path("/usr/bin/ping").exists():
        print("ping is not run: there is no /usr/bin/ping (iputils-ping)")
        assert "'/usr/bin/ping' cannot be started" in run(host, "ping", {"host": "127.0.0.1"}).json["error"]
    else:
        ping = run(host, "ping", {"host": "127.0.0.1", "count": 1})
        assert ping.status == 200 and "1 packets transmitted" in ping.json["output"], ping
    assert "must match the pattern" in run(host, "ping", {"host": "-f"}).detail
    assert "must be from 1 to 10" in run(host, "ping", {"host": "127.0.0.1", "count": 11}).detail


def test_a_hangup_reads_the_files_again(host):
    text = 'description = "d"\narguments = ["/bin/echo", "{0}"]\n'
    file = manifest(host.commands, "fresh", text.format("one"))
    reload(host, lambda names: "fresh" in names)
    assert run(host, "fresh").json["output"] == "one\n"

    manifest(host.commands, "fresh", text.format("two"))
    other = manifest(host.commands, "other", text.format("x"))
    reload(host, lambda names: "other" in names)
    assert run(host, "fresh").json["output"] == "two\n"

    # A wrong file leaves the version before, and says why.
    manifest(host.commands, "fresh", text.format("three") + "timout_s = 3\n")
    other.unlink()
    reload(host, lambda names: "other" not in names)
    assert run(host, "fresh").json["output"] == "two\n"
    assert f"{file}:3:1: unknown key 'timout_s'; did you mean 'timeout_s'?" in host.agent.program.log()
    answer = run(host, "other")
    assert answer.status == 400 and "has no command 'other'" in answer.detail

    # A new schema holds on the server at once.
    manifest(host.commands, "fresh", 'description = "d"\narguments = ["/bin/echo", "{n}"]\n'
                                     '[parameters.n]\ntype = "integer"\nmax = 5\n')
    manifest(host.commands, "other", text.format("y"))
    reload(host, lambda names: "other" in names)
    assert "must be at most 5" in run(host, "fresh", {"n": 6}).detail
    assert run(host, "fresh", {"n": 5}).json["output"] == "5\n"
    file.unlink()
    other.unlink()
    reload(host, lambda names: "fresh" not in names)
    assert host.agent.program.running()


class Monitor:
    """All that is said to a Redis, as it came."""

    def __init__(self, redis):
        self.connection = redis.connect()
        assert self.connection.command("MONITOR") == b"OK"
        self.seen = b""
        self.thread = threading.Thread(target=self.read)
        self.thread.start()

    def read(self):
        try:
            while (line := self.connection.read()) is not None:
                self.seen += line + b"\n"
                if b"the monitor may stop" in line:
                    return
        except OSError:
            return

    def stop(self, redis):
        redis.publish("nobody", "the monitor may stop")
        self.thread.join(20)
        self.connection.close()
        return self.seen


def test_a_secret_is_read_by_its_host_alone(host):
    fleet = host.fleet
    monitor = Monitor(fleet.redis)
    try:
        answer = host.api.request(
            "POST", "/api/cockpit-agent/command",
            {"agent_id": "owner-1", "command": "login", "params": {"token": SECRET}, "timeout": 40},
            headers={"Idempotency-Key": "secret-1"})
    finally:
        wire = monitor.stop(fleet.redis)
    assert answer.status == 200, answer
    assert answer.json["output"] == hashlib.sha256(SECRET.encode()).hexdigest() + "\n", "it arrived"
    sealed = answer.json["params"]["token"]
    assert set(sealed) == {"sealed"} and len(sealed["sealed"]) > 100

    needle = SECRET.encode()
    assert sealed["sealed"].encode() in wire and needle not in wire
    places = [fleet.store.file.parent, fleet.server.directory, host.agent.directory]
    files = [file for place in places for file in place.rglob("*") if file.is_file()]
    assert any(sealed["sealed"].encode() in file.read_bytes() for file in files), "the database was looked at"
    assert not [file for file in files if needle in file.read_bytes()]
    assert SECRET not in answer.body.decode()
    assert SECRET not in str(host.api.history("owner-1"))
    digests = fleet.store.rows("SELECT request_digest FROM cockpit_agent_commands WHERE idempotency_key = 'secret-1'")
    guess = hashlib.sha256(needle).hexdigest()
    assert digests and guess not in str(digests)

    wrong = run(host, "login", {"token": "Wrong Secret"})
    assert wrong.status == 400 and "must match the pattern" in wrong.detail and "Wrong" not in wrong.detail


def test_a_sealed_value_of_one_command_is_worth_nothing_in_another(host):
    stolen = run(host, "login", {"token": SECRET}).json["params"]["token"]
    answer = run(host, "login", {"token": stolen})
    assert answer.status == 400 and "must be a string" in answer.detail


def test_check_commands_tells_all_that_is_wrong(host, new_directory):
    def check(directory):
        done = subprocess.run([BIN / "cockpit-agent", "--check-commands", directory], env=environment(),
                              capture_output=True, text=True, timeout=60, check=False)
        return done.returncode, done.stdout, done.stderr

    shipped = new_directory("m")
    shipped.chmod(0o755)
    for file in SHARED.glob("*.toml"):  # a checkout may be open to its group
        manifest(shipped, file.stem, file.read_text())
    assert check(shipped) == (0, f"{shipped}: 4 commands are right: disk_usage, git_status, ping, "
                                "systemctl_restart\n", "")
    wrong = new_directory("m")
    wrong.chmod(0o755)
    manifest(wrong, "a", "x = 1")
    manifest(wrong, "b", 'description = "d"\narguments = ["/bin/true"]\n')
    manifest(wrong, "echo", 'description = "d"\narguments = ["/bin/true"]\n')
    code, said, complained = check(wrong)
    assert code == 1 and said == f"{wrong}: 1 command is right: b\n"
    assert f"{wrong}/a.toml:1:1: unknown key 'x'" in complained
    assert f"{wrong}/echo.toml: 'echo' is a command that this agent has built in" in complained
    code, _, complained = check(wrong / "none")
    assert code == 1 and "does not exist" in complained
