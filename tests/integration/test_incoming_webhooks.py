"""Git servers tell of pushes: verified over the bytes as they came, taken once, and no more told than needed."""

import hashlib
import hmac
import json

import pytest

from http_api import BASE

HOOKS = f"{BASE}/webhooks"
SECRET = "a secret of both sides"
NO_SERVICE = "no service with deploy_on_push comes from branch 'main' of this repository"


def push(after="b" * 40, ref="refs/heads/main"):
    return json.dumps({"ref": ref, "before": "a" * 40, "after": after, "user_username": "vera",
                       "pusher": {"name": "vera", "login": "vera"},
                       "repository": {"full_name": "ops/grafana", "clone_url": "https://git.test/ops/grafana.git"},
                       "project": {"path_with_namespace": "ops/grafana",
                                   "git_http_url": "https://git.test/ops/grafana.git"}}, indent=1).encode()


def digest(body, secret=SECRET):
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def headers_of(provider, body, delivery, event=None, secret=SECRET):
    if provider == "github":
        return {"X-GitHub-Event": event or "push", "X-GitHub-Delivery": delivery,
                "X-Hub-Signature-256": "sha256=" + digest(body, secret)}
    if provider == "gitlab":
        return {"X-Gitlab-Event": event or "Push Hook", "X-Gitlab-Event-UUID": delivery, "X-Gitlab-Token": secret}
    return {"X-Gitea-Event": event or "push", "X-Gitea-Delivery": delivery, "X-Gitea-Signature": digest(body, secret)}


@pytest.fixture(params=["sqlite", "postgresql"])
def server(request, new_fleet):
    fleet = new_fleet(request.param)
    for provider in ("github", "gitlab", "gitea"):
        made = fleet.api.post(HOOKS, {"name": provider, "provider": provider, "secret": SECRET})
        assert made.status == 201 and SECRET not in str(made.json), made
    return fleet.server


def test_pushes_of_each_git_server(server):
    anonymous = server.anonymous
    for provider in ("github", "gitlab", "gitea"):
        url = f"{HOOKS}/{provider}"
        body = push()
        good = anonymous.post(url, body, headers=headers_of(provider, body, "d1"))
        assert (good.status, good.json) == (202, {"status": "recorded", "outcome": NO_SERVICE})
        again = anonymous.post(url, body, headers=headers_of(provider, body, "d1"))
        assert (again.status, again.json["status"]) == (200, "repeated")
        renamed = anonymous.post(url, body, headers=headers_of(provider, body, "d2"))
        assert (renamed.status, renamed.json["status"]) == (200, "repeated"), "a replay under another id"
        forged = anonymous.post(url, push("c" * 40), headers=headers_of(provider, body, "d3", secret="guessed secret!"))
        assert forged.status == 401, forged
        unsigned = anonymous.post(url, push("c" * 40))
        unknown = anonymous.post(f"{HOOKS}/nobody", body, headers=headers_of(provider, body, "d1"))
        assert unsigned.detail == forged.detail == unknown.detail
        assert unknown.status == 401
        other = "Issue Hook" if provider == "gitlab" else "issues"
        ignored = anonymous.post(url, b"{}", headers=headers_of(provider, b"{}", "d4", other))
        assert (ignored.status, ignored.json["status"]) == (200, "ignored"), ignored
        tag = push(ref="refs/tags/v1")
        assert anonymous.post(url, tag, headers=headers_of(provider, tag, "d5")).json["status"] == "ignored"

        [seen] = server.admin.get(f"{url}/pushes").json["pushes"]
        assert (seen["repository"], seen["branch"], seen["after"], seen["pusher"]) == (
            "ops/grafana", "main", "b" * 40, "vera")
        assert seen["urls"] == ["https://git.test/ops/grafana.git"]
        assert seen["outcome"] == NO_SERVICE


def test_a_body_that_is_too_large_is_refused(server):
    answer = server.anonymous.post(f"{HOOKS}/github", b"x" * (1 << 21))
    assert answer.status == 413, answer
