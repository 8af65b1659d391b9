"""Those who ask for commands: each one repeats its request, with the same Idempotency-Key, until it is accepted."""

import contextlib
import http.client
import itertools
import json
import socket
import threading
import time

from http_api import BASE, Api
from pace import OutOfTime
from schedule import SERVERS

CLIENTS = 16
PAUSE_S = 0.15
FINAL = {"success", "error", "timeout", "cancelled", "cancel_failed", "interrupted", "expired", "refused"}
COME_AGAIN = {429, 503}  # not accepted, for a reason that passes


class Asked:
    """A command as its client knows it."""

    def __init__(self, spec):
        self.spec = spec
        self.command_id = None
        self.finals = []        # final states that some answer told, in order
        self.tries = 0
        self.refusals = {}      # sentence: how often
        self.cancel_status = None


def request_of(spec):
    """The body of its POST."""
    if spec.kind == "echo":
        body = {"agent_id": spec.agent, "command": "echo", "params": {"message": spec.key}}
    else:
        name = "append_again" if spec.kind == "idempotent" else "append"
        params = {"id": spec.key, "slot": spec.slot or spec.key, "bytes": spec.bytes, "sleep_ms": spec.sleep_ms,
                  "failures": spec.failures, "text": spec.text}
        body = {"agent_id": spec.agent, "command": name, "params": params}
    if spec.expires_in is not None:
        body.update(queue_if_offline=True, expires_in=spec.expires_in)
    if spec.execution_timeout is not None:
        body["execution_timeout"] = spec.execution_timeout
    if spec.max_attempts > 1:
        body["retry"] = {"max_attempts": spec.max_attempts, "backoff_s": 1, "on": ["error", "timeout"]}
    if spec.wait_s:
        body["timeout"] = spec.wait_s
    return body


class Clients:
    """A pool of threads that send the commands of a schedule in order."""

    def __init__(self, fleet, commands, pace, log):
        self.fleet = fleet
        self.asked = [Asked(spec) for spec in commands]
        self.pace = pace
        self.log = log
        self.next = iter(self.asked)
        self.lock = threading.Lock()
        self.surprises = []     # answers that nothing allows
        self.threads = [threading.Thread(target=self._run, name=f"client {n}", daemon=True) for n in range(CLIENTS)]

    def start(self):
        for thread in self.threads:
            thread.start()

    def join(self):
        for thread in self.threads:
            thread.join()

    def _run(self):
        try:
            while True:
                with self.lock:
                    asked = next(self.next, None)
                if asked is None:
                    return
                self.pace.wait_turn(asked.spec.number)
                self._submit(asked)
                if asked.spec.cancel_after_s is not None:
                    self._cancel(asked)
        except OutOfTime:
            pass
        except Exception as error:
            self.surprises.append(f"a client ended with {error!r}")
            self.pace.stop()
            raise

    def _order(self, first):
        """Servers in turn, for ever, the wanted one first."""
        start = SERVERS.index(first)
        return (SERVERS[(start + n) % len(SERVERS)] for n in itertools.count())

    def _post(self, server, path, body, headers=None):
        """The answer, or None when none came."""
        try:
            return Api(self.fleet.port(server), self.fleet.token).post(path, body, headers=headers, limit_s=30)
        except (OSError, http.client.HTTPException, socket.timeout):
            return None

    def _note(self, asked, answer):
        """Remembers what an answer says of the command's state."""
        with contextlib.suppress(ValueError, AttributeError):
            status = answer.json.get("status")
            if answer.json.get("command_id") == asked.command_id and status in FINAL:
                asked.finals.append(status)

    def _submit(self, asked):
        body, headers = request_of(asked.spec), {"Idempotency-Key": asked.spec.key}
        for server in self._order(asked.spec.server):
            if self.pace.stopped:
                raise OutOfTime
            asked.tries += 1
            answer = self._post(server, f"{BASE}/command", body, headers)
            if answer is not None:
                fields = as_object(answer)
                if fields.get("command_id"):
                    if asked.command_id is None:
                        asked.command_id = fields["command_id"]
                    self._note(asked, answer)
                    self.log("accepted", key=asked.spec.key, command_id=asked.command_id, server=server,
                             code=answer.status, status=fields.get("status"), tries=asked.tries)
                    self.pace.add_accepted()
                    return
                sentence = f"{answer.status} {fields.get('detail')}"
                asked.refusals[sentence] = asked.refusals.get(sentence, 0) + 1
                if answer.status not in COME_AGAIN:
                    self.surprises.append(f"{asked.spec.key} at {server}: {answer!r}")
                    self.log("surprise", key=asked.spec.key, server=server, answer=repr(answer))
                    return
                if asked.tries % 50 == 0:
                    self.log("not accepted yet", key=asked.spec.key, server=server, answer=sentence)
            time.sleep(PAUSE_S)  # a client's pause between two tries, not a wait for an event

    def _cancel(self, asked):
        if asked.command_id is None:
            return
        time.sleep(asked.spec.cancel_after_s)  # where in its life the cancel meets it is what the seed varies
        for server in self._order(asked.spec.server):
            if self.pace.stopped:
                raise OutOfTime
            answer = self._post(server, f"{BASE}/commands/{asked.command_id}/cancel", {})
            if answer is not None:
                asked.cancel_status = answer.status
                if answer.status in (200, 409):
                    self._note(asked, answer)
                    self.log("cancel", key=asked.spec.key, command_id=asked.command_id, server=server,
                             code=answer.status, status=as_object(answer).get("status"))
                    return
                if answer.status not in COME_AGAIN:
                    self.surprises.append(f"cancel of {asked.command_id} at {server}: {answer!r}")
                    return
            time.sleep(PAUSE_S)


def as_object(answer):
    try:
        value = json.loads(answer.body)
        return value if isinstance(value, dict) else {}
    except ValueError:
        return {}
