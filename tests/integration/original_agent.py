"""A stand-in for an agent of the original Python system: plain JSON on pub/sub, no signatures."""

import json
import threading
import time

COMMANDS = ("git_pull", "docker_restart", "echo")


class OriginalAgent:
    def __init__(self, redis, agent_id, mute=False):
        """mute: takes commands and never answers."""
        self.redis = redis
        self.agent_id = agent_id
        self.mute = mute
        self.taken = []
        self.ended = threading.Event()
        self.subscription = redis.subscribe(f"cockpit-agent:{agent_id}")
        self.connection = redis.connect()
        self.heartbeat()
        self.thread = threading.Thread(target=self.work, daemon=True)
        self.thread.start()

    def heartbeat(self):
        now = int(time.time())
        fields = {"status": "online", "last_heartbeat": now, "version": "1.0.0", "hostname": self.agent_id,
                  "capabilities": ",".join(COMMANDS), "started_at": now, "commands_executed": len(self.taken)}
        flat = [part for item in fields.items() for part in item]
        self.connection.command("HSET", f"agents:{self.agent_id}", *flat)
        self.connection.command("EXPIRE", f"agents:{self.agent_id}", 90)

    def work(self):
        beat = time.monotonic()
        while not self.ended.is_set():
            got = self.subscription.next(0.2)
            if time.monotonic() - beat > 1:
                beat = time.monotonic()
                self.heartbeat()
            if got is None:
                continue
            command = json.loads(got[1])
            self.taken.append(command)
            if not self.mute:
                self.answer(command)

    def answer(self, command):
        params = command.get("params") or {}
        good = command["command"] == "echo"
        self.connection.command("PUBLISH", f"cockpit-agent-response:{self.agent_id}", json.dumps({
            "command_id": command["command_id"],
            "status": "success" if good else "error",
            "output": params.get("message", "pong") if good else "",
            "error": None if good else "not here",
            "execution_time_ms": 3,
            "timestamp": int(time.time()),
        }))

    def stop(self):
        self.ended.set()
        self.thread.join(10)
        self.subscription.close()
        self.connection.close()
