"""Outgoing notifications with real receivers: delivered later whatever the receiver does, signed, and not twice."""

import email
import email.policy
import shutil

import pytest

from http_api import BASE
from processes import wait_for
from programs import Server
from receivers import MailServer, Receiver, documented_verification

TARGETS = f"{BASE}/notifications/targets"
DELIVERIES = f"{BASE}/notifications/deliveries"
SECRET = "a secret of both sides"
FAST = {"NOTIFY_ALLOW_LOCAL": "true", "NOTIFY_FIRST_RETRY_MS": "100", "NOTIFY_LONGEST_RETRY_MS": "400",
        "NOTIFY_TIMEOUT_MS": "1500"}


@pytest.fixture
def receiver():
    one = Receiver()
    yield one
    one.stop()


@pytest.fixture
def documented():
    """The receiver's code of docs/notifications.md."""
    return documented_verification()


def add_target(api, url, name="ops", events=("command.ended",), **more):
    answer = api.post(TARGETS, {"name": name, "kind": "webhook", "url": url, "secret": SECRET,
                                "events": list(events), **more})
    assert answer.status == 201, answer
    return answer.json


def deliveries(api, query=""):
    answer = api.get(f"{DELIVERIES}?{query}")
    assert answer.status == 200, answer
    return answer.json["deliveries"]


def wait_state(api, state, count=1, limit_s=40):
    return wait_for(f"{count} deliveries are {state}",
                    lambda: (lambda found: found if len(found) == count else None)(
                        deliveries(api, f"state={state}&limit=1000")), limit_s)


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_an_end_is_told_with_every_field_and_a_signature(new_fleet, receiver, documented, kind):
    fleet = new_fleet(kind, FAST)
    fleet.add_agent("host-1")
    shown = add_target(fleet.api, receiver.url + "?token=hidden")
    assert SECRET not in str(shown) and "hidden" not in str(shown)
    command = fleet.api.echo("host-1", "hello there").json
    [delivery] = wait_state(fleet.api, "delivered")
    [request] = receiver.requests
    headers = request["headers"]
    assert documented(SECRET.encode(), headers, request["body"])
    assert not documented(b"another secret", headers, request["body"])
    assert not documented(SECRET.encode(), headers, request["body"] + b" ")
    assert headers["X-Cockpit-Event"] == "command.ended"
    assert headers["X-Cockpit-Delivery"] == delivery["delivery_id"]
    [event] = receiver.events
    assert event["text"] == "echo on host-1 ended: success"
    assert event["data"]["command_id"] == command["command_id"]
    assert event["data"]["output"] == "hello there"
    assert event["data"].keys() >= fleet.api.find(command["command_id"]).json.keys()
    assert delivery["attempts"] == 1 and delivery["last_response"] == "the receiver says 200"
    for row in fleet.store.rows("SELECT * FROM cockpit_notification_targets"):
        assert SECRET not in str(row) and "127.0.0.1" not in str(row), "sealed at rest"


def test_whatever_the_receiver_does_it_is_delivered_later(new_fleet, receiver):
    fleet = new_fleet("sqlite", FAST)
    fleet.add_agent("host-1")
    receiver.script = [500, "hang", "redirect", "close", 503]
    add_target(fleet.api, receiver.url)
    fleet.api.echo("host-1")
    [delivery] = wait_state(fleet.api, "delivered")
    assert [request["answer"] for request in receiver.requests] == [500, "hang", "redirect", "close", 503, 200]
    assert {request["path"] for request in receiver.requests} == {"/hook"}, "a redirect was followed"
    assert delivery["attempts"] == 6
    assert len({request["headers"]["X-Cockpit-Delivery"] for request in receiver.requests}) == 1


@pytest.mark.parametrize("answer, says", [
    (500, "the receiver answered 500"),
    ("redirect", "the receiver answered 302, a redirect, and those are not followed"),
    ("hang", "no complete answer within 1500 ms"),
    ("close", "the attempt failed: ")])
def test_a_test_tells_what_happened(new_fleet, receiver, answer, says):
    fleet = new_fleet("sqlite", FAST)
    add_target(fleet.api, receiver.url)
    receiver.script = [answer]
    told = fleet.api.post(f"{TARGETS}/ops/test", None).json
    assert told["delivered"] is False and told["error"].startswith(says), told
    told = fleet.api.post(f"{TARGETS}/ops/test", None).json
    assert told["delivered"] is True and told["status"] == 200, told
    assert deliveries(fleet.api) == []


def test_given_up_after_its_time_and_sent_again_on_request(new_fleet, receiver):
    fleet = new_fleet("sqlite", {**FAST, "NOTIFY_GIVE_UP_MS": "1500"})
    fleet.add_agent("host-1")
    receiver.script = [500] * 100
    add_target(fleet.api, receiver.url)
    fleet.api.echo("host-1")
    [dead] = wait_state(fleet.api, "dead")
    assert dead["attempts"] == len(receiver.requests) >= 3
    assert dead["last_error"] == "the receiver answered 500" and dead["last_status"] == 500
    receiver.script = []
    assert fleet.api.post(f"{DELIVERIES}/{dead['id']}/resend", None).status == 200
    [delivered] = wait_state(fleet.api, "delivered")
    assert delivered["attempts"] == dead["attempts"] + 1 == len(receiver.requests)
    assert deliveries(fleet.api, "state=dead") == []


def test_a_slow_receiver_keeps_nobody_else_waiting(new_fleet, receiver):
    fleet = new_fleet("sqlite", {**FAST, "NOTIFY_TIMEOUT_MS": "20000"})
    fleet.add_agent("host-1")
    quick = Receiver()
    try:
        receiver.script = ["hang"]
        add_target(fleet.api, receiver.url, "slow")
        add_target(fleet.api, quick.url, "quick")
        for n in range(3):
            assert fleet.api.echo("host-1", str(n)).status == 200
        wait_for("the quick one has all", lambda: len(quick.requests) == 3)
        assert len(receiver.requests) == 1, "one at a time"
        receiver.released.set()
        wait_state(fleet.api, "delivered", 6)
        assert len(receiver.requests) == 3
    finally:
        quick.stop()


def test_killed_in_the_middle_it_is_delivered_after_the_restart(new_fleet, receiver):
    fleet = new_fleet("sqlite", FAST)
    fleet.add_agent("host-1")
    add_target(fleet.api, receiver.url)
    fleet.api.echo("host-1", "acknowledged before")
    wait_state(fleet.api, "delivered")
    receiver.script = ["hang"]
    fleet.api.echo("host-1", "in the middle")
    wait_for("the second attempt has begun", lambda: len(receiver.requests) == 2)
    fleet.server.kill()
    fleet.server.start()
    wait_state(fleet.api, "delivered", 2)
    ids = [request["headers"]["X-Cockpit-Delivery"] for request in receiver.requests]
    assert ids.count(ids[0]) == 1, "what was acknowledged came again"
    assert ids[1:] == [ids[1]] * 2, "the other came again under its own id"


def test_two_servers_send_nothing_twice(new_fleet, new_directory, receiver):
    fleet = new_fleet("postgresql", FAST)
    fleet.add_agent("host-1")
    directory = new_directory("s")
    state = directory / "state"
    state.mkdir(mode=0o700)
    shutil.copy2(fleet.server.directory / "state" / "server.key", state)
    b = Server(directory, fleet.redis, fleet.store, FAST)
    fleet.exit.callback(lambda: b.program.running() and b.stop())
    b.wait_status("host-1", "online")
    add_target(fleet.api, receiver.url)
    wait_for("b knows the target", lambda: b.admin.get(TARGETS).json["total"] == 1)
    for n in range(20):
        assert (fleet.api, b.admin)[n % 2].echo("host-1", str(n)).status == 200
    wait_state(fleet.api, "delivered", 20)
    ids = [request["headers"]["X-Cockpit-Delivery"] for request in receiver.requests]
    assert len(ids) == len(set(ids)) == 20
    assert sorted(int(event["data"]["output"]) for event in receiver.events) == list(range(20))


def test_local_addresses_are_refused(new_fleet, receiver):
    fleet = new_fleet("sqlite", {"NOTIFY_ALLOW_HOSTS": "localhost"})
    fleet.add_agent("host-1")
    port = receiver.server.server_port
    for n, host in enumerate(("127.0.0.1", "169.254.169.254", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0")):
        add_target(fleet.api, f"http://{host}:{port}/hook", f"t{n}")
        told = fleet.api.post(f"{TARGETS}/t{n}/test", None).json
        assert told["delivered"] is False and "which notifications are not sent to" in told["error"], told
    fleet.api.echo("host-1")
    dead = wait_state(fleet.api, "dead", 5)
    assert {d["attempts"] for d in dead} == {1}
    assert receiver.requests == []
    add_target(fleet.api, f"http://localhost:{port}/hook", "allowed")
    assert fleet.api.post(f"{TARGETS}/allowed/test", None).json["delivered"] is True


def test_hosts_that_come_and_go_for_good(new_fleet, receiver):
    fleet = new_fleet("sqlite", {**FAST, "NOTIFY_HOST_STABLE_MS": "300"})
    add_target(fleet.api, receiver.url, events=["host.changed"])
    agent = fleet.add_agent("host-1")
    wait_for("the host is noted", lambda: fleet.store.rows("SELECT * FROM cockpit_host_states"))
    agent.stop()
    wait_for("its going is told", lambda: len(receiver.requests) == 1)
    agent.start()
    wait_for("its coming is told", lambda: len(receiver.requests) == 2)
    assert [(event["event"], event["agent_id"], event["outcome"]) for event in receiver.events] == [
        ("host.changed", "host-1", "offline"), ("host.changed", "host-1", "online")]
    assert receiver.events[0]["data"]["evidence"]


def test_slack_gets_a_sentence_and_filters_hold(new_fleet, receiver):
    fleet = new_fleet("sqlite", FAST)
    fleet.add_agent("host-1")
    for name, filters in (("chat", {"events": ["command.ended:success"], "agents": ["host-*"]}),
                          ("errors", {"events": ["command.ended:error"]}),
                          ("elsewhere", {"events": ["*"], "agents": ["other-*"]})):
        made = fleet.api.post(TARGETS, {"name": name, "kind": "slack", "url": receiver.url, **filters})
        assert made.status == 201 and made.json["url"].endswith("/…"), made
    assert fleet.api.echo("host-1").status == 200
    [delivery] = wait_state(fleet.api, "delivered")
    assert delivery["target"] == "chat" and len(deliveries(fleet.api)) == 1
    assert receiver.events == [{"text": "echo on host-1 ended: success"}]
    assert "X-Cockpit-Signature" not in receiver.requests[0]["headers"]


def test_mail(new_fleet):
    server = MailServer()
    try:
        fleet = new_fleet("sqlite", {**FAST, "NOTIFY_SMTP_URL": server.url, "NOTIFY_SMTP_FROM": "cockpit@example.org",
                                     "NOTIFY_SMTP_REQUIRE_TLS": "false"})
        fleet.add_agent("host-1")
        made = fleet.api.post(TARGETS, {"name": "mail", "kind": "email", "events": ["*"],
                                        "addresses": ["vera@example.org", "otto@example.org"]})
        assert made.status == 201, made
        fleet.api.echo("host-1", "grüezi")
        [delivery] = wait_state(fleet.api, "delivered")
        [mail] = server.mails
        assert mail["from"] == "cockpit@example.org"
        assert mail["recipients"] == ["vera@example.org", "otto@example.org"]
        message = email.message_from_bytes(mail["data"], policy=email.policy.default)
        assert message["Subject"] == "[cockpit] echo on host-1 ended: success"
        assert message["To"] == "vera@example.org, otto@example.org"
        assert message["X-Cockpit-Delivery"] == delivery["delivery_id"]
        assert "grüezi" in message.get_content()
    finally:
        server.stop()


def test_mail_without_tls_is_not_sent_where_it_is_required(new_fleet):
    server = MailServer()
    try:
        fleet = new_fleet("sqlite", {**FAST, "NOTIFY_SMTP_URL": server.url, "NOTIFY_SMTP_FROM": "cockpit@example.org"})
        fleet.api.post(TARGETS, {"name": "mail", "kind": "email", "events": ["*"], "addresses": ["v@example.org"]})
        told = fleet.api.post(f"{TARGETS}/mail/test", None).json
        assert told["delivered"] is False and "STARTTLS" in told["error"], told
        assert server.mails == []
    finally:
        server.stop()
