"""/metrics, the alert rules and the dashboard, with a real Prometheus and its promtool."""

import http.client
import json
import pathlib
import re
import subprocess
import urllib.parse

import pytest

from processes import Program, free_port, run, wait_for

MONITORING = pathlib.Path(__file__).resolve().parents[2] / "monitoring"
METRIC = re.compile(r"\b(?:cockpit|process)_[a-z_]+\b")


@pytest.fixture(scope="module")
def scraper(world):
    """An account that may read the metrics and nothing else; a command has ended."""
    assert world.api.echo("host-1", "for the metrics").json["status"] == "success"
    return world.fleet.new_user("prometheus", ["metrics:read"])


def names_in(text):
    """Metrics as a scrape has them, histograms by their parts too."""
    names = set()
    for name, kind in re.findall(r"^# TYPE (\S+) (\S+)$", text, re.M):
        names |= {name} if kind != "histogram" else {f"{name}_{part}" for part in ("bucket", "sum", "count")}
    return names


def test_rules_fire_and_rest_as_they_should():
    run(["promtool", "check", "rules", MONITORING / "alerts.yml"])
    run(["promtool", "test", "rules", MONITORING / "alerts_test.yml"])


def test_metrics_are_well_formed_and_named_as_prometheus_wants(scraper, new_directory):
    file = new_directory("m") / "metrics"
    file.write_bytes(scraper.get("/metrics").body)
    with file.open() as metrics:
        done = subprocess.run(["promtool", "check", "metrics"], stdin=metrics, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_token_of_prometheus_reads_metrics_and_nothing_else(world, scraper):
    assert scraper.get("/metrics").headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert scraper.get("/api/cockpit-agent/list").status == 403
    assert world.server.anonymous.get("/metrics").status == 401


def test_a_command_is_counted(world, scraper):
    text = scraper.get("/metrics").body.decode()
    count = re.search(r'^cockpit_commands_total\{command="echo",state="success"\} (\d+)$', text, re.M)
    world.api.echo("host-1", "one more")
    more = scraper.get("/metrics").body.decode()
    assert f'cockpit_commands_total{{command="echo",state="success"}} {int(count[1]) + 1}\n' in more


@pytest.mark.parametrize("file", ["alerts.yml", "dashboard.json"])
def test_every_metric_that_is_asked_for_exists(scraper, file):
    text = (MONITORING / file).read_text()
    if file.endswith(".json"):
        text = "\n".join(target["expr"] for panel in json.loads(text)["panels"] for target in panel["targets"])
    else:
        text = "\n".join(re.findall(r"expr: (?:\|\n)?((?:.|\n)*?)\n +(?:for|labels):", text))
    asked = set(METRIC.findall(text))
    assert len(asked) > 5
    assert asked - names_in(scraper.get("/metrics").body.decode()) == set()


def test_every_metric_is_documented_and_none_that_is_not_there(scraper):
    served = {name for name, _ in re.findall(r"^# TYPE (\S+) (\S+)$", scraper.get("/metrics").body.decode(), re.M)}
    page = (MONITORING.parent / "docs" / "monitoring.md").read_text()
    assert set(METRIC.findall(page)) - {"cockpit_agent_commands"} == served


class Prometheus:
    """A private one that scrapes a server every half second, and does not wait as long as the rules say."""

    def __init__(self, directory, server_port, token):
        (directory / "token").write_text(token)
        rules = (MONITORING / "alerts.yml").read_text()
        (directory / "alerts.yml").write_text(re.sub(r"for: \d+[mh]", "for: 1s", rules))
        (directory / "prometheus.yml").write_text(json.dumps({
            "global": {"scrape_interval": "500ms", "scrape_timeout": "500ms", "evaluation_interval": "500ms"},
            "rule_files": ["alerts.yml"],
            "scrape_configs": [{"job_name": "cockpit",
                                "authorization": {"credentials_file": str(directory / "token")},
                                "static_configs": [{"targets": [f"127.0.0.1:{server_port}"]}]}]}))
        self.port = free_port()
        self.program = Program("prometheus", [
            "prometheus", f"--config.file={directory}/prometheus.yml", f"--storage.tsdb.path={directory}/data",
            f"--web.listen-address=127.0.0.1:{self.port}"], directory)

    def get(self, path, **query):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("GET", path + "?" + urllib.parse.urlencode(query))
            return json.loads(connection.getresponse().read())["data"]
        except (OSError, ValueError):
            return {}
        finally:
            connection.close()

    def firing(self):
        return {(alert["labels"]["alertname"], alert["labels"].get("agent_id"))
                for alert in self.get("/api/v1/alerts").get("alerts", []) if alert["state"] == "firing"}

    def value(self, expression):
        result = self.get("/api/v1/query", query=expression).get("result")
        return float(result[0]["value"][1]) if result else None


def test_alert_of_a_host_that_died_fires_and_rests_when_it_is_back(world, scraper, new_directory):
    agent = world.fleet.add_agent("host-3")
    prometheus = Prometheus(new_directory("pr"), world.server.port, scraper.token)
    try:
        wait_for("Prometheus sees the host", lambda: prometheus.value('cockpit_agent_up{agent_id="host-3"}') == 1, 40)
        assert ("CockpitHostOffline", "host-3") not in prometheus.firing()
        agent.kill()
        wait_for("the alert fires", lambda: ("CockpitHostOffline", "host-3") in prometheus.firing(), 40)
        assert ("CockpitHostOffline", "host-1") not in prometheus.firing()
        agent.start()
        wait_for("the alert rests", lambda: ("CockpitHostOffline", "host-3") not in prometheus.firing(), 40)
        assert prometheus.value('cockpit_agent_up{agent_id="host-3"}') == 1
    finally:
        prometheus.program.stop()
