"""What a person does with the page."""

import pytest

from page_house import open_house, play


@pytest.fixture(scope="module")
def house(new_directory, new_store):
    with open_house(new_directory, new_store) as fleet:
        yield fleet


@pytest.mark.parametrize("name", [
    "signs in and out", "types on when the session ends", "uses two tabs", "runs echo", "watches lines and cancels",
    "is not frozen by ten thousand lines a second", "is told why a pull is refused",
    "shows a viewer no button and the server refuses", "finds what was sent",
    "runs on two hosts and compares what they said", "deploys after a look at the difference, and takes it back",
    "changes groups", "changes schedules and windows", "changes who is told", "changes a service",
    "changes accounts and makes a token"])
def test_a_person(house, name):
    play(house, name)


def test_a_person_sees_a_host_go_and_come_back(house):
    play(house, "sees a host go and come back",
         {"kill the agent": house.agent.kill, "start the agent": house.agent.start})


def test_a_person_goes_on_when_the_server_was_away(house):
    port = house.server.port
    house.server.env["PORT"] = str(port)
    play(house, "goes on when the server was away",
         {"stop the server": house.server.kill, "start the server": house.server.start})


def test_the_page_is_served_as_it_should_be(house):
    anonymous = house.server.anonymous
    assert anonymous.get("/agents/host-1").status == 404
    page = anonymous.get("/agents/host-1", headers={"Accept": "text/html"})
    assert page.status == 200 and page.headers["content-type"].startswith("text/html")
    assert "default-src 'none'; script-src 'self'; style-src 'self'" in page.headers["content-security-policy"]
    assert page.headers["cache-control"] == "no-cache"
    [script] = [part.split('"')[0] for part in page.body.decode().split('src="')[1:]]
    packed = anonymous.get(script, headers={"Accept-Encoding": "gzip"})
    assert packed.headers["content-encoding"] == "gzip" and len(packed.body) < 250_000
    assert packed.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert anonymous.get("/api/nothing").status == 404
