"""cockpit-server and cockpit-agent as an operator starts them: by environment and command line."""

import os
import pathlib
import re
import signal

from http_api import Api
from processes import Program, run, wait_for

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("COCKPIT_BIN", ROOT / "build" / "dev" / "bin"))
ADMIN_PASSWORD = "correct horse battery staple"

AGENT_STARTS_S = 30  # sanitizers on a busy machine with two cores
FAST_AGENT = {"HEARTBEAT_INTERVAL": "1", "LOGLEVEL": "DEBUG"}


class Server:
    """cockpit-server with a given store on a given Redis. start() may be called again after stop() or kill()."""

    def __init__(self, directory, redis, store, env=None):
        self.directory = pathlib.Path(directory)
        self.store = store
        self.env = {
            "REDIS_URL": redis.url, "DATABASE_URL": store.url, "PORT": "0",
            "COCKPIT_STATE_DIR": str(self.directory / "state"), "COCKPIT_ADMIN_PASSWORD": ADMIN_PASSWORD,
            "LOGLEVEL": "DEBUG", **(env or {})}
        self.program = None
        self.starts = 0
        self.start()

    def start(self):
        self.starts += 1
        self.program = Program(f"server-{self.starts}", [BIN / "cockpit-server"], self.directory, self.env)
        try:
            self.port = wait_for("the server tells its port", self.find_port, 40)
            wait_for("the server is ready", lambda: self.anonymous.get("/readyz").status == 200, 40)
            self.admin = self.anonymous.login("admin", ADMIN_PASSWORD)
        except BaseException:
            self.program.kill()
            raise

    def find_port(self):
        assert self.program.running(), f"the server ended:\n{self.program.tail()}"
        found = re.search(r"listening on http://127\.0\.0\.1:(\d+)", self.program.text())
        return int(found[1]) if found else None

    @property
    def anonymous(self):
        return Api(self.port)

    def join_token(self, *options):
        """The environment lines that `cockpit-server join-token` prints, as a dict."""
        text = run([BIN / "cockpit-server", "join-token", *options], env=self.env, cwd=self.directory)
        pairs = [line.split("=", 1) for line in text.splitlines() if line and not line.startswith("#")]
        return {key: value.strip("'\"") for key, value in pairs}

    def wait_status(self, agent_id, wanted, limit_s=AGENT_STARTS_S):
        """Until the list says so; the host as the list has it."""
        def look():
            agent = self.admin.agents().get(agent_id)
            return agent if agent and agent["status"] == wanted else None
        return wait_for(f"agent {agent_id} is {wanted}", look, limit_s)

    def wait_final(self, command_id, limit_s=40):
        """Until the command has ended; its fields."""
        def look():
            record = self.admin.find(command_id).json
            return record if record["status"] not in ("pending", "delivered", "running") else None
        return wait_for(f"command {command_id} has ended", look, limit_s)

    def stop(self):
        code = self.program.stop(40)
        self.program.assert_sane()
        assert code == 0, f"the server ended with {code}:\n{self.program.tail()}"

    def kill(self):
        self.program.kill()


class Agent:
    """cockpit-agent with an environment. start() may be called again after stop() or kill()."""

    def __init__(self, directory, agent_id, env):
        self.directory = pathlib.Path(directory)
        self.agent_id = agent_id
        self.env = {"AGENT_ID": agent_id, "COCKPIT_STATE_DIR": str(self.directory / "state"),
                    "HOME": str(self.directory), **FAST_AGENT, **env}
        self.program = None
        self.starts = 0
        self.start()

    def start(self):
        self.starts += 1
        self.program = Program(f"{self.agent_id}-{self.starts}", [BIN / "cockpit-agent"], self.directory, self.env)

    @property
    def pid(self):
        return self.program.pid

    def terminate(self):
        self.program.signal(signal.SIGTERM)

    def stop(self):
        code = self.program.stop(40)
        self.program.assert_sane()
        assert code == 0, f"{self.agent_id} ended with {code}:\n{self.program.tail()}"

    def kill(self):
        self.program.kill()
