"""The server's HTTP API as a person's program uses it."""

import http.client
import json
import socket

import contract

BASE = "/api/cockpit-agent"


class Answer:
    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def detail(self):
        """The sentence of an application/problem+json answer."""
        assert self.headers.get("content-type", "").startswith("application/problem+json"), self
        value = self.json
        assert value["status"] == self.status, self
        return value["detail"]

    def __repr__(self):
        return f"<{self.status} {self.body[:2000]!r}>"


class Api:
    def __init__(self, port, token=None):
        self.port = port
        self.token = token

    def request(self, method, path, body=None, headers=None, limit_s=90):
        """body: a dict becomes JSON, bytes go as they are."""
        sent = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        if isinstance(body, (dict, list)):
            body = json.dumps(body).encode()
        if body is not None:
            sent["Content-Type"] = "application/json"
        sent.update(headers or {})
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=limit_s)
        try:
            connection.request(method, path, body=body, headers=sent)
            got = connection.getresponse()
            answer = Answer(got.status, {k.lower(): v for k, v in got.getheaders()}, got.read())
            contract.check(method, path, answer)
            return answer
        finally:
            connection.close()

    def get(self, path, **more):
        return self.request("GET", path, **more)

    def post(self, path, body, **more):
        return self.request("POST", path, body=body, **more)

    # The endpoints -----------------------------------------------------------------------------------

    def login(self, username, password):
        """An Api with the session of this user."""
        answer = self.post("/auth/login", {"username": username, "password": password})
        assert answer.status == 200, answer
        return Api(self.port, answer.json["access_token"])

    def command(self, agent_id, command, params=None, timeout=None, **more):
        body = {"agent_id": agent_id, "command": command, "params": params or {}, **more}
        if timeout is not None:
            body["timeout"] = timeout
        return self.post(f"{BASE}/command", body)

    def echo(self, agent_id, message="hello", timeout=20):
        return self.command(agent_id, "echo", {"message": message}, timeout=timeout)

    def git_pull(self, agent_id, path, branch=None):
        body = {"agent_id": agent_id, "repository_path": str(path)}
        if branch is not None:
            body["branch"] = branch
        return self.post(f"{BASE}/git-pull", body)

    def docker_restart(self, agent_id, container):
        return self.post(f"{BASE}/docker-restart", {"agent_id": agent_id, "container_name": container})

    def find(self, command_id):
        return self.get(f"{BASE}/commands/{command_id}")

    def attempts(self, command_id):
        """The attempts before the current one."""
        answer = self.get(f"{BASE}/commands/{command_id}/attempts")
        assert answer.status == 200, answer
        assert answer.json["command_id"] == command_id
        return answer.json["attempts"]

    def status(self, agent_id):
        return self.get(f"{BASE}/{agent_id}/status")

    def agents(self):
        """The list of hosts, by id."""
        answer = self.get(f"{BASE}/list")
        assert answer.status == 200, answer
        return {agent["agent_id"]: agent for agent in answer.json["agents"]}

    def history(self, agent_id=None, query=""):
        """One page: {"commands": […], "total": N, "next_cursor": …}."""
        path = f"{BASE}/{agent_id}/history" if agent_id else f"{BASE}/history/all"
        answer = self.get(path + (f"?{query}" if query else ""))
        assert answer.status == 200, answer
        return answer.json


def raw(port, sent, limit_s=30):
    """Bytes as they are, for what no client library would send; what came back until the server closed."""
    with socket.create_connection(("127.0.0.1", port), timeout=limit_s) as connection:
        connection.sendall(sent)
        connection.shutdown(socket.SHUT_WR)
        got = b""
        while chunk := connection.recv(65536):
            got += chunk
        return got
