"""An installation from its first day to its last, on two machines, in order: docs/install.md step by step."""

import re

import pytest

import house
from debs import field, next_debs
from machine import wait_until

SERVICES = ("cockpit-agent", "cockpit-server")


@pytest.fixture(scope="module")
def centre(machines):
    return machines.centre


@pytest.fixture(scope="module")
def edge(machines):
    return machines.edge


@pytest.fixture
def api(centre):
    house.wait_healthy(centre)
    return house.Api(centre)


def test_the_server_runs_with_its_defaults_once_installed(centre):
    said = house.install(centre, "cockpit-server")
    assert "cockpit-server serves http://127.0.0.1:8000" in said
    house.wait_healthy(centre)
    password = re.search(r"first log-in: user admin, password (\S+)", centre.out("journalctl", "-u", "cockpit-server"))[1]
    assert house.Api(centre, password).token


def test_settings_can_be_read_by_root_and_the_service_alone(centre):
    assert centre.out("stat", "-c", "%a %U %G", "/etc/cockpit/server.env") == "640 root cockpit"
    assert centre.out("stat", "-c", "%a %U", "/var/lib/cockpit-server") == "700 cockpit"
    assert centre.run("runuser", "-u", "nobody", "--", "cat", "/etc/cockpit/server.env", check=False).returncode != 0


def test_the_server_takes_redis_with_tls_and_postgresql(centre):
    house.redis_with_tls(centre)
    house.postgres_for_the_server(centre)
    house.trust_redis(centre, centre)
    house.set_settings(centre, "server", REDIS_HOST="centre", REDIS_PASSWORD=house.REDIS_PASSWORD, REDIS_TLS="true",
                       REDIS_TLS_CA="/etc/cockpit/redis-ca.crt", COCKPIT_ADMIN_PASSWORD=house.ADMIN_PASSWORD,
                       DATABASE_URL=f"postgresql://cockpit:{house.POSTGRES_PASSWORD}@localhost:5432/cockpit")
    centre.run("systemctl", "restart", "cockpit-server")
    house.wait_healthy(centre)
    assert house.Api(centre).hosts() == {}


def test_an_agent_without_a_server_key_installs_and_says_what_to_do(centre, edge):
    for machine in (centre, edge):
        said = house.install(machine, "cockpit-agent")
        assert "cockpit-agent does not run yet" in said and "join-token" in said
        assert not machine.active("cockpit-agent")
        assert machine.out("systemctl", "is-enabled", "cockpit-agent") == "enabled"
        assert machine.out("systemctl", "--failed", "--no-legend") == ""
        assert machine.out("stat", "-c", "%a %U %G", "/etc/cockpit/agent.env") == "640 root cockpit-agent"


def test_two_hosts_join_with_one_token(centre, edge):
    lines = centre.out("runuser", "-u", "cockpit", "--", "cockpit-server", "join-token", "--env-file", "/etc/cockpit/server.env",
                       "--uses", "2")
    house.trust_redis(centre, edge)
    for machine in (centre, edge):
        house.long_command(machine)
        with machine.file("/etc/cockpit/agent.env").open("a") as settings:
            settings.write(lines + "\nGIT_REPO_PATH=/srv/app\n")
        machine.run("systemctl", "restart", "cockpit-agent")
    house.wait_healthy(centre)
    house.Api(centre).wait_online("centre", "edge")


@pytest.mark.parametrize("host", ["centre", "edge"])
def test_echo_answers(api, host):
    assert api.send(host, "echo", message="hello")["output"] == "hello"


def test_git_pull_works_inside_the_sandbox(api, edge):
    house.work_tree(edge)
    done = api.call("/api/cockpit-agent/git-pull", {"agent_id": "edge", "repository_path": "/srv/app", "branch": "main"})
    assert done["status"] == "success", done
    assert edge.out("cat", "/srv/app/file") == "two"
    # A control group of its own, in what systemd delegated.
    assert api.look(done)["containment"] == "cgroup"


def test_docker_restart_works_inside_the_sandbox_for_a_member_of_the_group(api, edge):
    with house.docker_engine(edge) as engine:
        engine.run_container("grafana")
        before = engine.started_at("grafana")
        edge.run("usermod", "-aG", "docker", "cockpit-agent")
        house.set_settings(edge, "agent", DOCKER_SOCKET="/srv/engine/docker.sock", DOCKER_CONTAINER_NAME="grafana")
        edge.run("systemctl", "restart", "cockpit-agent")
        api.wait_online("edge")
        done = wait_until("the container may be restarted", lambda: tried_restart(api))
        assert done["status"] == "success", done
        assert engine.started_at("grafana") != before


def tried_restart(api):
    """Nothing as long as the server does not know the agent's new list of commands."""
    done = api.call("/api/cockpit-agent/docker-restart", {"agent_id": "edge", "container_name": "grafana"})
    return done if "command_id" in done else None


def test_the_verification_commands_of_the_original_guide(centre, edge):
    assert "active (running)" in edge.out("systemctl", "status", "cockpit-agent")
    assert "the server accepts this agent" in edge.out("journalctl", "-u", "cockpit-agent")
    registry = house.redis(centre, "HGETALL", "agents:edge").split("\n")
    fields = dict(zip(registry[::2], registry[1::2]))
    assert fields["status"] == "online" and "git_pull" in fields["capabilities"]
    assert sorted(house.redis(centre, "KEYS", "agents:*").split()) == ["agents:centre", "agents:edge"]
    assert house.psql(centre, "SELECT migration_name FROM schema_migrations WHERE migration_name = '002_cockpit_agent'")
    assert int(house.psql(centre, "SELECT count(*) FROM cockpit_agent_commands WHERE command = 'echo'")) == 2


@pytest.mark.parametrize("service", SERVICES)
def test_systemd_finds_no_fault_in_the_unit(centre, service):
    checked = centre.run("systemd-analyze", "verify", f"/usr/lib/systemd/system/{service}.service")
    assert checked.stdout + checked.stderr == ""


# The server writes to its state directory only; the agent's commands need more, so less is taken from it.
@pytest.mark.parametrize("service, most", [("cockpit-server", 2.0), ("cockpit-agent", 5.5)])
def test_the_sandbox_leaves_little_exposed(centre, service, most):
    overall = centre.out("systemd-analyze", "security", "--no-pager", service).splitlines()[-1]
    exposure = float(re.search(r"exposure level for \S+: ([\d.]+)", overall)[1])
    assert exposure <= most, overall


def test_an_agent_that_is_root_runs_commands_as_other_users(api, edge):
    drop_in = edge.file("/etc/systemd/system/cockpit-agent.service.d/root.conf")
    drop_in.parent.mkdir()
    drop_in.write_text("[Service]\nUser=root\nCapabilityBoundingSet=~\nNoNewPrivileges=no\n")
    edge.file("/etc/cockpit-agent/commands.d/who.toml").write_text(
        'description = "Who runs"\narguments = ["/usr/bin/id", "-un"]\nuser = "nobody"\n')
    edge.run("systemctl daemon-reload && systemctl restart cockpit-agent")
    done = wait_until("the command is known", lambda: (told := api.send("edge", "who")).get("command_id") and told)
    assert done["output"] == "nobody\n", done
    drop_in.unlink()
    edge.file("/etc/cockpit-agent/commands.d/who.toml").unlink()
    edge.run("systemctl daemon-reload && systemctl restart cockpit-agent")
    api.wait_online("edge")
    assert api.send("edge", "echo", message="as before")["output"] == "as before"


def running_work(api, edge):
    edge.file("/srv/finish").unlink(missing_ok=True)
    return api.wait_status(api.send("edge", "work", timeout=0), "running")


def end_work(api, edge, command):
    edge.run("touch", "/srv/finish")
    return api.wait_status(command, "success")


def test_a_restart_of_the_agent_leaves_a_running_command_alone(api, edge):
    command = running_work(api, edge)
    process = edge.out("pidof", "-x", "work")
    before = edge.out("systemctl", "show", "-P", "MainPID", "cockpit-agent")
    edge.run("systemctl", "restart", "cockpit-agent")
    assert edge.out("systemctl", "show", "-P", "MainPID", "cockpit-agent") != before
    assert edge.out("pidof", "-x", "work") == process
    assert end_work(api, edge, command)["output"] == "begun\nfinished\n"


def test_a_killed_agent_comes_back_and_finds_its_command(api, edge):
    command = running_work(api, edge)
    process = edge.out("pidof", "-x", "work")
    edge.run("systemctl", "kill", "--signal=KILL", "--kill-whom=main", "cockpit-agent")
    wait_until("the agent is back", lambda: edge.active("cockpit-agent"))
    assert edge.out("pidof", "-x", "work") == process
    assert end_work(api, edge, command)["output"] == "begun\nfinished\n"


def test_a_stop_of_the_agent_ends_its_commands(api, edge):
    house.set_settings(edge, "agent", SHUTDOWN_GRACE="1")
    edge.run("systemctl", "restart", "cockpit-agent")
    api.wait_online("edge")
    command = running_work(api, edge)
    edge.run("systemctl", "stop", "cockpit-agent")
    assert edge.run("pidof", "-x", "work", check=False).returncode == 1
    edge.run("systemctl", "start", "cockpit-agent")
    assert api.wait_status(command, "cancelled", "interrupted")


def test_a_reload_reads_the_owners_commands_and_disturbs_none(api, edge):
    command = running_work(api, edge)
    edge.file("/etc/cockpit-agent/commands.d/day.toml").write_text(
        'description = "The day"\narguments = ["/usr/bin/date", "+%A"]\n')
    edge.run("systemctl", "reload", "cockpit-agent")
    wait_until("the new command is known", lambda: "output" in api.send("edge", "day"))
    end_work(api, edge, command)


def test_a_wrong_setting_is_told_and_not_tried_again_and_again(edge):
    house.set_settings(edge, "agent", HEARTBEAT_INTERVAL="often")
    edge.run("systemctl", "restart", "cockpit-agent", check=False)
    wait_until("systemd gave up", lambda: edge.out("systemctl", "show", "-P", "ActiveState", "cockpit-agent") == "failed")
    assert edge.out("systemctl", "show", "-P", "ExecMainStatus", "cockpit-agent") == "2"
    assert "HEARTBEAT_INTERVAL: 'often'" in edge.out("journalctl", "-u", "cockpit-agent", "-n", "20")
    house.set_settings(edge, "agent", HEARTBEAT_INTERVAL="5")
    edge.run("systemctl", "restart", "cockpit-agent")


def history(api):
    return {row["command_id"]: row["status"] for row in api.call("/api/cockpit-agent/history/all?limit=100")["commands"]}


def test_all_comes_back_after_a_reboot(api, centre, edge):
    api.wait_online("edge")
    before = history(api)
    assert before
    for machine in (edge, centre):
        machine.reboot()
    house.wait_healthy(centre)
    fresh = house.Api(centre)
    fresh.wait_online("centre", "edge")
    assert history(fresh) == before
    assert fresh.send("edge", "echo", message="after the reboot")["output"] == "after the reboot"


@pytest.fixture(scope="module")
def newer_version(scratch, machines):
    """The version of the packages in /root/newer of both machines."""
    built = next_debs(scratch)
    for machine in vars(machines).values():
        machine.file("/root/newer").mkdir()
        for package in built:
            machine.file(f"/root/newer/{package.name}").write_bytes(package.read_bytes())
    return field(built[0], "Version")


def test_an_upgrade_keeps_settings_keys_and_history_and_a_running_command(api, centre, edge, newer_version):
    command = running_work(api, edge)
    process = edge.out("pidof", "-x", "work")
    kept = [(centre, "cockpit-server", "server"), (centre, "cockpit-agent", "agent"), (edge, "cockpit-agent", "agent")]
    before = [(house.key_of(machine, service), machine.file(f"/etc/cockpit/{file}.env").read_text())
              for machine, service, file in kept]
    rows = history(api)
    for machine, service, _ in kept:
        pid = machine.out("systemctl", "show", "-P", "MainPID", service)
        # What docs/install.md says for an upgrade that asks nothing: edited settings stay.
        house.install(machine, service, "/root/newer", "-o", "Dpkg::Options::=--force-confold")
        assert machine.out("dpkg-query", "-W", "-f", "${Version} ${db:Status-Status}", service) == f"{newer_version} installed"
        assert machine.active(service)
        assert machine.out("systemctl", "show", "-P", "MainPID", service) != pid
    assert [(house.key_of(machine, service), machine.file(f"/etc/cockpit/{file}.env").read_text())
            for machine, service, file in kept] == before
    assert "NEWER=1" in edge.file("/etc/cockpit/agent.env.dpkg-dist").read_text()
    assert edge.out("stat", "-c", "%a %U %G", "/etc/cockpit/agent.env") == "640 root cockpit-agent"
    assert edge.out("pidof", "-x", "work") == process
    house.wait_healthy(centre)
    fresh = house.Api(centre)
    fresh.wait_online("centre", "edge")
    assert history(fresh) == rows
    end_work(fresh, edge, command)


def test_the_page_is_in_the_server(centre):
    assert "<title>Cockpit</title>" in centre.out("curl", "-s", "http://127.0.0.1:8000/")


def test_a_unit_that_was_disabled_stays_so_at_an_upgrade(edge):
    edge.run("systemctl", "disable", "--now", "cockpit-agent")
    house.install(edge, "cockpit-agent", "/root/newer", "--reinstall", "-o", "Dpkg::Options::=--force-confold")
    assert edge.run("systemctl", "is-enabled", "cockpit-agent", check=False).stdout.strip() == "disabled"
    assert not edge.active("cockpit-agent")
    edge.run("systemctl", "enable", "--now", "cockpit-agent")


def test_remove_keeps_settings_and_data_and_an_install_goes_on_with_them(api, centre, edge):
    key, settings = house.key_of(edge, "cockpit-agent"), edge.file("/etc/cockpit/agent.env").read_text()
    edge.run("apt-get", "remove", "--yes", "cockpit-agent")
    assert not edge.active("cockpit-agent")
    assert not edge.file("/usr/sbin/cockpit-agent").exists()
    assert (house.key_of(edge, "cockpit-agent"), edge.file("/etc/cockpit/agent.env").read_text()) == (key, settings)
    house.install(edge, "cockpit-agent", "/root/newer")
    api.wait_online("edge")
    assert api.send("edge", "echo", message="again")["output"] == "again"


LEFT = "find / -xdev -iname '*cockpit*' -not -path '/proc/*' -not -path '/sys/*' -not -path '/run/*' -not -path '/root/*' " \
       "-not -path '/var/log/*' -not -path '/tmp/*' -not -path '/var/cache/man/*'"


def test_purge_leaves_nothing(edge):
    edge.run("apt-get", "purge", "--yes", "cockpit-agent")
    # What the operator put beside the settings is the operator's.
    assert edge.out(LEFT) == "/etc/cockpit" and edge.out("ls", "/etc/cockpit") == "redis-ca.crt"
    assert edge.run("systemctl", "list-unit-files", "cockpit*", "--no-legend", check=False).stdout == ""
    assert edge.run("pgrep", "-u", "cockpit-agent", check=False).stdout == ""


def test_purge_of_one_leaves_the_other_alone(centre):
    centre.run("apt-get", "purge", "--yes", "cockpit-agent")
    assert centre.file("/etc/cockpit/server.env").exists() and centre.active("cockpit-server")
    centre.run("apt-get", "purge", "--yes", "cockpit-server")
    assert centre.out(LEFT) == "/etc/cockpit" and centre.out("ls", "/etc/cockpit") == "redis-ca.crt"
