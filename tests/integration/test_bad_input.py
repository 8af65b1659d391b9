"""Bad input: each a clear error, and nothing is lost or run."""

import os
import socket
import uuid

import pytest

from http_api import BASE, raw


@pytest.fixture
def unchanged(world):
    """Nothing may be recorded by the test that takes this."""
    before = len(world.fleet.rows())
    yield
    assert len(world.fleet.rows()) == before
    assert world.api.echo("host-1", "still here").json["output"] == "still here"


@pytest.mark.parametrize("command, params, words", [
    ("rm", {}, "has no command 'rm'"),
    ("", {}, "command"),
    ("git_pull", {}, "'repository_path' of command 'git_pull' is missing"),
    ("git_pull", {"repository_path": 7}, "'repository_path' of command 'git_pull' must be a string"),
    ("git_pull", {"repository_path": ["/a"]}, "must be a string"),
    ("git_pull", {"repository_path": "/a", "force": True}, "unknown parameter 'force'"),
    ("docker_restart", {"container_name": None}, "is missing"),
    ("docker_restart", {"container_name": {"a": 1}}, "must be a string"),
    ("echo", {"message": 1}, "must be a string"),
    ("echo", {"message": "a\0b"}, "NUL"),
])
def test_wrong_command_or_params(world, unchanged, command, params, words):
    answer = world.api.command("host-1", command, params, timeout=20)
    assert answer.status == 400, answer
    assert words in answer.detail


@pytest.mark.parametrize("body, words", [
    (b"", "empty"),
    (b"{", "JSON"),
    (b"[]", "object"),
    (b'"text"', "object"),
    (b'{"agent_id":"host-1","command":"echo","params":[]}', "params"),
    (b'{"agent_id":"host-1","command":7}', "command"),
    (b'{"agent_id":7,"command":"echo"}', "agent_id"),
    (b'{"command":"echo"}', "agent_id"),
    (b'{"agent_id":"host-1"}', "command"),
    (b'{"agent_id":"host-1","command":"echo","surprise":1}', "surprise"),
    (b'{"agent_id":"host-1","agent_id":"host-2","command":"echo"}', "agent_id"),
    (b'{"agent_id":"host-1","command":"echo","timeout":-1}', "timeout"),
    (b'{"agent_id":"host-1","command":"echo","timeout":"soon"}', "timeout"),
    (b'{"agent_id":"host-1","command":"echo","timeout":1e99}', "timeout"),
    (b'{"agent_id":"host-1","command":"echo","params":{"message":"\xff\xfe"}}', "UTF-8"),
    (b'{"agent_id":"host-1","command":"echo","params":{"message":"\x00"}}', ""),
    (b'{"agent_id":"host-1","command":"echo","params":{"message":"\\u0000"}}', "NUL"),
    (b'{"agent_id":"host-1","command":"echo","params":{"message":"\\ud800"}}', ""),
    (b'{"a":' * 5000 + b"1" + b"}" * 5000, ""),
])
def test_wrong_body(world, unchanged, body, words):
    answer = world.api.post(f"{BASE}/command", body)
    assert answer.status == 400, answer
    assert words in answer.detail


def test_path_outside_the_list(world):
    answer = world.api.git_pull("host-1", "/etc")
    assert answer.status == 422, answer
    assert answer.json["status"] == "refused"
    assert "is not one of this host's GIT_REPO_PATH" in answer.json["detail"]
    assert world.fleet.row(answer.json["command_id"])["status"] == "refused"


def test_path_with_dots_that_lead_out(world):
    answer = world.api.git_pull("host-1", f"{world.work_tree}/../author")
    assert (answer.status, answer.json["status"]) == (422, "refused")


def test_symlink_that_leads_out(world):
    inside = world.work_tree / "link-out"
    inside.symlink_to(world.remote.author)
    try:
        answer = world.api.git_pull("host-1", inside)
    finally:
        inside.unlink()
    assert (answer.status, answer.json["status"]) == (422, "refused")


def test_listed_path_that_does_not_exist(world):
    answer = world.api.git_pull("host-1", f"{world.remote.directory}/missing")
    assert (answer.status, answer.json["status"]) == (422, "refused")
    assert "does not exist on this host" in answer.json["detail"]


def test_listed_path_that_is_no_work_tree(world):
    answer = world.api.git_pull("host-1", world.remote.directory)
    assert (answer.status, answer.json["status"]) == (422, "refused")
    assert "not a git work tree" in answer.json["detail"]


@pytest.mark.parametrize("branch", [
    "--upload-pack=touch {marker}", "-f", "--exec=touch {marker}", "main;touch {marker}", "$(touch {marker})",
    "main touch", "../main", "main:other", "+main", "refs/heads/*", "main\nx", "@{{u}}", "ma in", "x" * 256])
def test_branch_that_would_be_an_option_or_more(world, branch):
    marker = world.remote.directory / "marker"
    before = (world.work_tree / "content").read_text()
    answer = world.api.git_pull("host-1", world.work_tree, branch.format(marker=marker))
    assert answer.status in (400, 422), answer
    assert answer.json["status"] in ("refused", "error", 400)
    assert "branch" in answer.json["detail"]
    assert not marker.exists()
    assert (world.work_tree / "content").read_text() == before


@pytest.mark.parametrize("path", ["--upload-pack=x", "-C", "ext::sh -c id", "file:///etc"])
def test_path_that_would_be_an_option(world, path):
    answer = world.api.git_pull("host-1", path)
    assert (answer.status, answer.json["status"]) == (422, "refused")
    assert "must be an absolute path" in answer.json["detail"]


@pytest.mark.parametrize("name", ["postgres", "../grafana", "grafana/json", "grafana?x=1", "-h", "gräf"])
def test_container_outside_the_list(world, name):
    answer = world.api.docker_restart("host-1", name)
    assert (answer.status, answer.json["status"]) == (422, "refused")
    assert "is not one of this host's DOCKER_CONTAINER_NAME: grafana, loki" in answer.json["detail"]


def test_host_that_allows_nothing(world):
    answer = world.api.git_pull("host-2", world.work_tree)
    assert (answer.status, answer.json["status"]) == (422, "refused")
    assert "GIT_REPO_PATH is empty" in answer.json["detail"]


def test_unknown_agent(world, unchanged):
    answer = world.api.echo("nobody")
    assert answer.status == 404, answer
    assert "nobody" in answer.detail
    for path in ("status", "history"):
        assert world.api.get(f"{BASE}/nobody/{path}").status == 404


@pytest.mark.parametrize("agent_id", ["*", "host-*", "host-1\n", "host-1\nX", "a b", "a:b", "", "x" * 256, "-x",
                                      "ä", "host-1\u0000"])
def test_agent_id_that_cannot_be_one(world, unchanged, agent_id):
    answer = world.api.echo(agent_id)
    assert answer.status == 400, answer
    assert answer.detail


@pytest.mark.parametrize("agent_id", ["%2A", "host-1%0A", "a%20b", "%00", "%2e%2e", "%zz", "%ff"])
def test_agent_id_in_a_path_that_cannot_be_one(world, unchanged, agent_id):
    answer = world.api.get(f"{BASE}/{agent_id}/status")
    assert answer.status in (400, 404), answer
    assert answer.detail


def test_hundred_megabytes(world, unchanged):
    """Refused by its length alone: the answer comes before the body was sent."""
    head = (f"POST {BASE}/command HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {world.api.token}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {100 * 1024 * 1024}\r\n\r\n").encode()
    with socket.create_connection(("127.0.0.1", world.server.port), timeout=20) as connection:
        connection.sendall(head)
        assert connection.recv(12) == b"HTTP/1.1 413"


def test_hundred_megabytes_in_chunks(world, unchanged):
    """Nobody says the length beforehand: refused when it is too much, and never held in memory."""
    def memory_kb():
        status = open(f"/proc/{world.server.program.pid}/status", encoding="ascii").read()
        return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1])
    head = (f"POST {BASE}/command HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {world.api.token}\r\n"
            "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n").encode()
    chunk = b"100000\r\n" + b" " * 0x100000 + b"\r\n"
    before = memory_kb()
    with socket.create_connection(("127.0.0.1", world.server.port), timeout=20) as connection:
        connection.sendall(head)
        try:
            for _ in range(100):
                connection.sendall(chunk)
        except OSError:
            pass  # the server has hung up
        else:
            assert connection.recv(12) == b"HTTP/1.1 413"
    assert memory_kb() - before < 40 * 1024


def test_headers_too_large(world, unchanged):
    got = raw(world.server.port, b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Long: " + b"a" * 100_000 + b"\r\n\r\n")
    assert got.startswith((b"HTTP/1.1 431", b"HTTP/1.1 400")) or got == b""


@pytest.mark.parametrize("sent", [b"nonsense\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"\0\0\0\0\r\n\r\n",
                                  b"GET http://[ HTTP/1.1\r\nHost: x\r\n\r\n",
                                  b"POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n"])
def test_bytes_that_are_no_request(world, unchanged, sent):
    got = raw(world.server.port, sent)
    assert got == b"" or got.startswith((b"HTTP/1.1 4", b"HTTP/1.0 4", b"HTTP/1.1 505"))


def test_slow_clients_hold_nobody(world):
    slow = [socket.create_connection(("127.0.0.1", world.server.port)) for _ in range(50)]
    try:
        for connection in slow:
            connection.sendall(b"POST /auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{")
        assert world.api.echo("host-1", "not held").json["output"] == "not held"
    finally:
        for connection in slow:
            connection.close()


@pytest.mark.parametrize("method, path, status", [
    ("GET", "/api/cockpit-agent/command", [405]), ("DELETE", "/api/cockpit-agent/list", [405]),
    ("GET", "/nowhere", [404]), ("GET", "/api/cockpit-agent/../../etc/passwd", [400, 404])])
def test_wrong_method_and_unknown_path(world, unchanged, method, path, status):
    answer = world.api.request(method, path)
    assert answer.status in status, answer
    assert answer.detail


@pytest.mark.parametrize("query", ["limit=0", "limit=1001", "limit=x", "cursor=x", "cursor=", "surprise=1",
                                   "limit=1&limit=2"])
def test_wrong_query(world, unchanged, query):
    answer = world.api.get(f"{BASE}/history/all?{query}")
    assert answer.status == 400, answer
    assert query.split("=")[0] in answer.detail


def test_command_id(world, unchanged):
    assert world.api.find("not-a-uuid").status == 400
    assert world.api.find(uuid.uuid4()).status == 404


@pytest.mark.parametrize("header", ["Bearer ckp_" + "A" * 43, "Bearer x", "Bearer ", "Basic YWRtaW46eA==", "x" * 5000,
                                    "Bearer a\tb"])
def test_unknown_token(world, unchanged, header):
    answer = world.server.anonymous.get(f"{BASE}/list", headers={"Authorization": header})
    assert answer.status == 401, answer
    assert answer.detail
    answer = world.server.anonymous.post(f"{BASE}/command", {"agent_id": "host-1", "command": "echo"},
                                         headers={"Authorization": header})
    assert answer.status == 401, answer


def test_expired_token(world, unchanged):
    user = world.fleet.new_user("late", ["*"])
    assert user.get(f"{BASE}/list").status == 200
    world.store.execute("UPDATE cockpit_tokens SET expires_at = created_at WHERE username = 'late'")
    answer = user.echo("host-1")
    assert answer.status == 401, answer
    assert "expired" in answer.detail


def test_token_that_was_logged_out(world, unchanged):
    user = world.fleet.new_user("leaver", ["*"])
    assert user.post("/auth/logout", {}).status == 200
    assert user.echo("host-1").status == 401


def test_wrong_password(world, unchanged):
    for name, password in (("admin", "not the password"), ("nobody-at-all", "x"), ("admin", "")):
        answer = world.server.anonymous.post("/auth/login", {"username": name, "password": password})
        assert answer.status in (400, 401), answer
        assert answer.detail


def test_the_database_holds_neither_tokens_nor_passwords(world):
    secrets = [world.api.token, "a password of this user"]
    held = str(world.store.rows("SELECT * FROM cockpit_tokens")) + str(world.store.rows("SELECT * FROM cockpit_users"))
    assert not [s for s in secrets if s in held]
    assert os.stat(world.server.directory / "state" / "server.key").st_mode & 0o077 == 0
