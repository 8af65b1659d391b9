"""/healthz says that the process lives, /readyz whether it can take commands and why not."""

from processes import Program, wait_for
from programs import BIN


def test_alive_and_ready(world):
    assert world.server.anonymous.get("/healthz").json == {"status": "ok"}
    ready = world.server.anonymous.get("/readyz")
    assert (ready.status, ready.json["status"]) == (200, "ready")
    assert {"redis", "database"} <= ready.json["checks"].keys()


def test_not_ready_while_redis_is_away(fleet):
    fleet.redis.kill()
    wait_for("readyz notices", lambda: fleet.server.anonymous.get("/readyz").status == 503)
    checks = fleet.server.anonymous.get("/readyz").json["checks"]
    assert checks["redis"]["ok"] is False and checks["redis"]["detail"]
    assert checks["database"]["ok"] is True
    assert fleet.server.anonymous.get("/healthz").status == 200
    fleet.redis.start()
    wait_for("readyz notices the return", lambda: fleet.server.anonymous.get("/readyz").status == 200)


def test_not_ready_while_postgresql_is_away(new_fleet, postgres):
    fleet = new_fleet("postgresql")
    fleet.add_agent("host-1")
    name = fleet.store.name
    postgres.execute("postgres", f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
    postgres.execute("postgres", "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                     f"WHERE datname = '{name}'")
    wait_for("readyz notices", lambda: fleet.server.anonymous.get("/readyz").status == 503)
    assert fleet.server.anonymous.get("/readyz").json["checks"]["database"]["ok"] is False
    assert fleet.server.anonymous.get("/healthz").status == 200
    assert fleet.api.echo("host-1").status == 503
    postgres.execute("postgres", f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
    wait_for("readyz notices the return", lambda: fleet.server.anonymous.get("/readyz").status == 200)
    assert fleet.api.echo("host-1", "back").json["output"] == "back"


def test_port_in_use_is_told_and_nothing_is_left(new_fleet, new_directory):
    fleet = new_fleet()
    env = {**fleet.server.env, "PORT": str(fleet.server.port), "COCKPIT_STATE_DIR": str(new_directory("s"))}
    second = Program("second", [BIN / "cockpit-server"], new_directory("p"), env)
    assert second.wait() == 1
    assert str(fleet.server.port) in second.text()
    second.assert_sane()
