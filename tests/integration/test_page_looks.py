"""The page by keyboard, on a telephone, and every page of it before axe, in light, dark and narrow."""

import pytest

from http_api import BASE
from page_house import open_house, play

FILLING = {
    "groups": {"name": "both", "expression": "host-1 or site-1", "description": "all there are"},
    "schedules": {"name": "nightly", "kind": "command", "cron": "0 3 * * *",
                  "request": {"agent_id": "host-1", "command": "echo"}},
    "maintenance-windows": {"name": "sunday", "targets": "site-1", "cron": "0 2 * * sun", "duration_s": 3600, "reason": "patches"},
    "notifications/targets": {"name": "ops", "kind": "webhook", "url": "https://ops.example.org/hook", "secret": "at least 16 bytes",
                              "events": ["command.ended:error"]},
}


@pytest.fixture(scope="module")
def house(new_directory, new_store):
    with open_house(new_directory, new_store) as fleet:
        # Pages that are full look otherwise than empty ones.
        assert fleet.api.echo("host-1").status == 200
        assert fleet.api.command("host-1", "git_pull", {"repository_path": "/etc"}, timeout=10).status != 200
        for path, body in FILLING.items():
            assert fleet.api.post(f"{BASE}/{path}", body).status == 201, path
        yield fleet


@pytest.mark.parametrize("name", [
    "is accessible, light", "is accessible, dark", "is accessible, narrow", "uses a telephone", "needs no mouse"])
def test_a_person(house, name):
    play(house, name)
