"""The deployment that the whole thing was made for, against real parts: a bare git remote, agents with their clones,
containers that serve their configuration over HTTP, a receiver of webhooks."""

import json
import types
import urllib.request

import pytest

from http_api import BASE
from processes import free_port, run, wait_for
from receivers import Receiver, documented_verification
from services import GitRemote
from test_incoming_webhooks import headers_of

SECRET = "the receiver knows this secret"
SERVER = {"GIT_ALLOW_LOCAL": "true", "NOTIFY_ALLOW_LOCAL": "true", "NOTIFY_FIRST_RETRY_MS": "100"}
HOSTS = ("web-1", "web-2", "web-3")
GOOD, BAD = "mode = well\ntext = {}\n", "mode = broken\ntext = {}\n"

# Takes up its configuration when it starts, as most programs do.
SERVES_ITS_CONFIGURATION = (
    "/bin/busybox mkdir -p /www && /bin/busybox cp /conf/site.conf /www/index.html && "
    "exec /bin/busybox httpd -f -p 127.0.0.1:{port} -h /www")


class Site:
    """A host: a clone, a container that serves a file of it, an agent."""

    def __init__(self, name, remote, docker, fleet):
        self.name = name
        self.port = free_port()
        self.clone = remote.clone(name)
        self.container = f"{name}-{self.port}"
        docker.run_container(self.container, SERVES_ITS_CONFIGURATION.format(port=self.port),
                             NetworkMode="host", Binds=[f"{self.clone}:/conf:ro"])
        wait_for("the container serves", lambda: self.served() is not None)
        self.agent = fleet.add_agent(name, GIT_REPO_PATH=str(self.clone), DOCKER_CONTAINER_NAME=self.container,
                                     DOCKER_SOCKET=str(docker.socket))
        self.docker = docker

    def served(self):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/", timeout=5) as answer:
                return answer.read().decode()
        except OSError:
            return None

    def started_at(self):
        return self.docker.started_at(self.container)

    def commit(self):
        return run(["git", "-C", self.clone, "rev-parse", "HEAD"], cwd="/").strip()


def deployment(api, deployment_id):
    return api.get(f"{BASE}/deployments/{deployment_id}").json


def deploy(api, request, service="site", **more):
    answer = api.post(f"{BASE}/services/{service}/deployments", request, **more)
    assert answer.status == 201, answer
    return answer.json["deployment_id"]


def wait_end(api, deployment_id, limit_s=120):
    def ended():
        found = deployment(api, deployment_id)
        return found if found["ended_at"] else None
    return wait_for(f"deployment {deployment_id} ends", ended, limit_s)


def files(text):
    return {"files": [{"path": "site.conf", "content": text}], "message": "a new configuration"}


def statuses(found):
    return {host["agent_id"]: host["status"] for host in found["hosts"]}


def steps_of(found, agent_id):
    [host] = [host for host in found["hosts"] if host["agent_id"] == agent_id]
    return [(step["step"], step["status"]) for step in host["steps"]]


ALL_WELL = [(step, "success") for step in ("before", "pull", "after", "restart", "check")]


@pytest.fixture(params=["sqlite", "postgresql"])
def story(request, new_fleet, new_directory, docker):
    fleet = new_fleet(request.param, SERVER)
    remote = GitRemote(new_directory("g"))
    (remote.author / "site.conf").write_text(GOOD.format("first"))
    remote.git("-C", remote.author, "add", "-A")
    remote.push("with a site")
    sites = {name: Site(name, remote, docker, fleet) for name in HOSTS}
    receiver = Receiver()
    made = fleet.api.post(f"{BASE}/notifications/targets", {
        "name": "ops", "kind": "webhook", "url": receiver.url, "secret": SECRET,
        "events": ["deployment.ended", "deployment.paused"]})
    assert made.status == 201, made
    made = fleet.api.post(f"{BASE}/services", {
        "name": "site", "remote": f"file://{remote.bare}", "targets": "web-*",
        "repository_path": "{{path}}", "container": "{{container}}",
        "check": {"kind": "http", "url": "http://127.0.0.1:{{port}}/", "pattern": "mode = well", "retries": 3,
                  "interval_s": 1},
        "concurrency": 2, "canary": 1,
        "host_variables": {site.name: {"path": str(site.clone), "container": site.container, "port": site.port}
                           for site in sites.values()}})
    assert made.status == 201, made
    yield types.SimpleNamespace(fleet=fleet, api=fleet.api, remote=remote, sites=sites, receiver=receiver)
    receiver.stop()


def head_of(remote):
    return remote.git("-C", remote.bare, "rev-parse", "main").strip()


def check_signature(request):
    assert documented_verification()(SECRET.encode(), request["headers"], request["body"])


def test_a_change_goes_out_and_a_bad_one_is_taken_back(story):
    before = head_of(story.remote)
    preview = story.api.post(f"{BASE}/services/site/preview", files(GOOD.format("second"))).json
    assert (preview["base"], preview["nothing_to_commit"]) == (before, False)
    assert "-text = first\n+text = second" in preview["files"][0]["diff"]
    assert [(host["agent_id"], host["wave"], host["in_the_way"]) for host in preview["hosts"]] == [
        ("web-1", 0, None), ("web-2", 1, None), ("web-3", 1, None)]
    assert head_of(story.remote) == before

    # Committed, pushed, pulled, restarted, healthy.
    starts = {name: site.started_at() for name, site in story.sites.items()}
    good = wait_end(story.api, deploy(story.api, files(GOOD.format("second"))))
    assert good["status"] == "succeeded", good
    assert statuses(good) == dict.fromkeys(HOSTS, "succeeded")
    assert (good["base"], good["commit"]) == (before, head_of(story.remote))
    assert story.remote.git("-C", story.remote.bare, "show", "main:site.conf") == GOOD.format("second")
    log = story.remote.git("-C", story.remote.bare, "log", "-1", "--format=%an|%B", "main")
    assert log.startswith("Cockpit|a new configuration\n") and good["deployment_id"] in log
    for name, site in story.sites.items():
        assert site.served() == GOOD.format("second")
        assert site.started_at() != starts[name]
        assert steps_of(good, name) == ALL_WELL
    for host in good["hosts"]:
        assert [host["steps"][0]["commit"], host["steps"][2]["commit"]] == [before, good["commit"]]
        assert all(step["started_at"] <= step["ended_at"] for step in host["steps"])
        assert "mode = well" in host["steps"][4]["detail"]
        for step in host["steps"]:
            command = story.api.find(step["command_id"]).json
            assert (command["status"], command["sent_by"]) == ("success", "admin")

    # Somebody is told, and can know that it was us.
    wait_for("the receiver was told", lambda: story.receiver.requests)
    check_signature(story.receiver.requests[0])
    [told] = story.receiver.events
    assert (told["event"], told["outcome"], told["subject"]) == (
        "deployment.ended", "succeeded", good["deployment_id"])
    assert [host["status"] for host in told["data"]["hosts"]] == ["succeeded"] * 3

    # A bad configuration: the canary fails its check and is taken back, the others are never touched.
    starts = {name: site.started_at() for name, site in story.sites.items()}
    bad = wait_end(story.api, deploy(story.api, files(BAD.format("third"))))
    assert (bad["status"], bad["why"]) == ("failed", "a canary host failed")
    assert statuses(bad) == {"web-1": "rolled_back", "web-2": "skipped", "web-3": "skipped"}
    assert steps_of(bad, "web-1") == [
        *ALL_WELL[:4], ("check", "error"), ("rollback", "success"), ("rollback_restart", "success"),
        ("rollback_check", "success")]
    assert "the body has no 'mode = well'" in bad["hosts"][0]["why"]
    assert bad["hosts"][1]["steps"] == bad["hosts"][2]["steps"] == []
    assert story.sites["web-1"].commit() == good["commit"]
    assert all(site.served() == GOOD.format("second") for site in story.sites.values())
    assert [site.started_at() == starts[name] for name, site in story.sites.items()] == [False, True, True]
    wait_for("the receiver was told of it", lambda: len(story.receiver.requests) == 2)
    check_signature(story.receiver.requests[1])
    assert story.receiver.events[1]["outcome"] == "failed"

    # The next good one goes out over it.
    mended = wait_end(story.api, deploy(story.api, files(GOOD.format("fourth"))))
    assert mended["status"] == "succeeded", mended
    assert all(site.served() == GOOD.format("fourth") for site in story.sites.values())

    # Nothing to commit: nothing is restarted, unless forced.
    starts = {name: site.started_at() for name, site in story.sites.items()}
    same = wait_end(story.api, deploy(story.api, files(GOOD.format("fourth"))))
    assert (same["status"], set(statuses(same).values())) == ("unchanged", {"skipped"})
    assert {name: site.started_at() for name, site in story.sites.items()} == starts
    forced = wait_end(story.api, deploy(story.api, {**files(GOOD.format("fourth")), "force": True}))
    assert forced["status"] == "succeeded"
    assert all(site.started_at() != starts[name] for name, site in story.sites.items())

    history = story.api.get(f"{BASE}/deployments?service=site").json["deployments"]
    assert [one["status"] for one in history] == ["succeeded", "unchanged", "succeeded", "failed", "succeeded"]


# One store is enough for these: what they rest on is tested with both in store_test.
ONE_STORE = pytest.mark.parametrize("story", ["postgresql"], indirect=True)


@ONE_STORE
def test_the_server_is_killed_in_the_middle_and_nothing_is_done_twice(story):
    deployment_id = deploy(story.api, files(GOOD.format("second")))
    for _ in range(3):
        seen = len([step for host in deployment(story.api, deployment_id)["hosts"] for step in host["steps"]])
        wait_for("it goes on", lambda seen=seen: len(
            [step for host in deployment(story.api, deployment_id)["hosts"] for step in host["steps"]]) > seen
            or deployment(story.api, deployment_id)["ended_at"], 60)
        story.fleet.server.kill()
        story.fleet.server.start()
        story.api.port = story.fleet.server.port
        story.api.token = story.fleet.server.admin.token
    found = wait_end(story.api, deployment_id)
    assert (found["status"], set(statuses(found).values())) == ("succeeded", {"succeeded"}), found
    assert story.remote.git("-C", story.remote.bare, "rev-list", "--count", f"{found['base']}..main").strip() == "1"
    for name, site in story.sites.items():
        assert steps_of(found, name) == ALL_WELL
        assert site.served() == GOOD.format("second")
        restarts = story.fleet.rows(f"command = 'docker_restart' AND agent_id = '{name}'")
        assert len(restarts) == 1, restarts


@ONE_STORE
def test_a_push_of_somebody_is_deployed_when_the_service_wants_it(story):
    service = story.api.get(f"{BASE}/services/site").json
    wanted = {name: service[name] for name in ("remote", "targets", "repository_path", "container", "check",
                                               "concurrency", "canary", "host_variables")}
    changed = story.api.request("PUT", f"{BASE}/services/site", {**wanted, "deploy_on_push": True})
    assert changed.status == 200, changed
    made = story.api.post(f"{BASE}/webhooks", {"name": "forge", "provider": "gitea", "secret": SECRET})
    assert made.status == 201, made
    (story.remote.author / "site.conf").write_text(GOOD.format("by hand"))
    story.remote.git("-C", story.remote.author, "add", "-A")
    story.remote.push("by hand")
    body = json.dumps({"ref": "refs/heads/main", "before": "a" * 40, "after": head_of(story.remote),
                       "pusher": {"login": "vera"},
                       "repository": {"full_name": "ops/site", "clone_url": f"file://{story.remote.bare}"}}).encode()
    signed = headers_of("gitea", body, "d1", secret=SECRET)
    told = story.fleet.server.anonymous.post(f"{BASE}/webhooks/forge", body, headers=signed)
    assert (told.status, told.json["outcome"]) == (202, "it deploys 'site'"), told
    listed = wait_for("a deployment is made",
                      lambda: story.api.get(f"{BASE}/deployments?service=site").json["deployments"])
    found = wait_end(story.api, listed[0]["deployment_id"])
    assert (found["status"], found["created_by"]) == ("succeeded", "webhook forge"), found
    assert all(site.served() == GOOD.format("by hand") for site in story.sites.values())


@ONE_STORE
def test_it_can_be_followed_live(story):
    deployment_id = deploy(story.api, files(GOOD.format("second")))
    answer = story.api.get(f"{BASE}/deployments/{deployment_id}/events")
    assert answer.headers["content-type"] == "text/event-stream"
    events = [event.split("\n") for event in answer.body.decode().strip().split("\n\n")]
    assert [event[0] for event in events][-1] == "event: end"
    assert json.loads(events[-1][1].removeprefix("data: ")) == {"status": "succeeded"}
    told = [json.loads(event[1].removeprefix("data: ")) for event in events[:-1] if event[0] == "event: deployment"]
    counts = [sum(len(host["steps"]) for host in one["hosts"]) for one in told]
    assert counts == sorted(counts) and counts[-1] == 15 and len(told) > 3


def test_files_are_made_of_templates_with_values_of_each_host(new_fleet, new_directory, sshd):
    """Over ssh, with a key that only the server has; without container and check."""
    fleet = new_fleet("sqlite", SERVER)
    remote = GitRemote(new_directory("g"))
    clones = {}
    for name in ("web-1", "web-2"):
        clones[name] = remote.clone(name)
        fleet.add_agent(name, GIT_REPO_PATH=str(clones[name]))
    request = {"name": "conf", "remote": sshd.url(remote.bare), "path": "etc", "targets": "web-*",
               "repository_path": "{{path}}",
               "credentials": {"kind": "ssh_key", "secret": (sshd.directory / "user_key").read_text(),
                               "known_hosts": (sshd.directory / "known_hosts").read_text()},
               "templates": [{"path": "{{agent_id}}.ini", "body": "name = {{agent_id}}\nlevel = {{level}}\n"},
                             {"path": "all.ini", "body": "domain = {{domain}}\n"}],
               "variables": {"level": "info", "domain": "example.org"},
               "host_variables": {name: {"path": str(path)} for name, path in clones.items()}}
    request["host_variables"]["web-2"]["level"] = "debug"
    made = fleet.api.post(f"{BASE}/services", request)
    assert made.status == 201, made
    assert "PRIVATE KEY" not in json.dumps(made.json)
    found = wait_end(fleet.api, deploy(fleet.api, {}, "conf"))
    assert found["status"] == "succeeded", found
    assert found["files"] == ["etc/web-1.ini", "etc/web-2.ini", "etc/all.ini"]
    for path in clones.values():
        assert (path / "etc/web-1.ini").read_text() == "name = web-1\nlevel = info\n"
        assert (path / "etc/web-2.ini").read_text() == "name = web-2\nlevel = debug\n"
        assert (path / "etc/all.ini").read_text() == "domain = example.org\n"
    # No key is left anywhere the server writes.
    state = fleet.server.directory / "state"
    assert not [path for path in state.rglob("*") if path.is_file() and b"PRIVATE KEY" in path.read_bytes()
                and path.name != "server.key"]

    wrong = fleet.api.post(f"{BASE}/services", {**request, "name": "wrong", "templates": [
        {"path": "a", "body": "{{nowhere}}"}]})
    assert wrong.status == 201, wrong
    undefined = fleet.api.post(f"{BASE}/services/wrong/deployments", {})
    assert undefined.status == 400
    assert undefined.detail == "the template of 'a' for host 'web-1': no value is given for 'nowhere'"

    # Another key is not let in, and says so.
    run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", sshd.directory / "other_key"])
    request["credentials"]["secret"] = (sshd.directory / "other_key").read_text()
    del request["name"]
    assert fleet.api.request("PUT", f"{BASE}/services/conf", request).status == 200
    refused = wait_end(fleet.api, deploy(fleet.api, {"force": True}, "conf"))
    assert refused["status"] == "failed"
    assert "the repository cannot be fetched: " in refused["why"] and "Permission denied" in refused["why"]


def test_a_schedule_deploys(new_fleet, new_directory):
    fleet = new_fleet("sqlite", SERVER)
    remote = GitRemote(new_directory("g"))
    clone = remote.clone("web-1")
    fleet.add_agent("web-1", GIT_REPO_PATH=str(clone))
    made = fleet.api.post(f"{BASE}/services", {"name": "s", "remote": f"file://{remote.bare}", "targets": "web-1",
                                               "repository_path": str(clone)})
    assert made.status == 201, made
    remote.push("nightly")
    wrong = fleet.api.post(f"{BASE}/schedules", {"name": "x", "cron": "0 3 * * *", "kind": "deployment",
                                                 "request": {"service": "s", "colour": 1}})
    assert wrong.status == 400 and "'colour' is no field of it" in wrong.detail
    made = fleet.api.post(f"{BASE}/schedules", {"name": "nightly", "cron": "0 3 * * *", "kind": "deployment",
                                                "request": {"service": "s"}})
    assert made.status == 201, made
    fired = fleet.api.post(f"{BASE}/schedules/nightly/run", {})
    assert fired.status == 200, fired
    [one] = wait_for("it deploys", lambda: fleet.api.get(f"{BASE}/deployments").json["deployments"])
    assert wait_end(fleet.api, one["deployment_id"])["status"] == "succeeded"
    assert (clone / "content").read_text() == "nightly"
    # Who may write schedules may not deploy by them without being allowed to deploy.
    planner = fleet.new_user("paula", ["schedules:read", "schedules:write"])
    refused = planner.post(f"{BASE}/schedules", {"name": "y", "cron": "0 3 * * *", "kind": "deployment",
                                                 "request": {"service": "s"}})
    assert refused.status == 403 and "deployments:write" in refused.detail
    assert planner.post(f"{BASE}/schedules/nightly/run", {}).status == 403
