"""What is asked for and what goes wrong, as a pure function of the seed.

Commands are numbered from 0 in the order in which clients take them. A fault is placed by count, not by time: it
begins once `after` commands were accepted, and no command numbered beyond `after` is sent before it began.
"""

import dataclasses
import random

AGENTS = ("agent-1", "agent-2", "agent-3")
SERVERS = ("server-1", "server-2")
LINKS = tuple(f"{program}>redis" for program in AGENTS + SERVERS) + tuple(f"{s}>postgres" for s in SERVERS)

# Names of faults and how often each comes among a hundred.
FAULTS = {
    "kill_agent": 16,     # kill -9
    "kill_server": 13,
    "kill_redis": 9,      # its data is gone with it
    "kill_postgres": 8,   # every process of it
    "flush_redis": 11,    # FLUSHALL
    "cut": 11,            # connections of a link are reset, and refused for a while
    "halve": 10,          # half of what is under way arrives, then the connection is reset; or one direction is dead
    "delay": 9,           # every piece of a link is late
    "fill_disk": 6,       # the file system of an agent's state is full
    "move_clock": 7,      # the wall clock of a program jumps, and jumps back
}

# Kinds of commands and how often each comes among a hundred.
KINDS = {
    "quick": 34,
    "slow": 14,
    "printing": 10,
    "queued": 10,            # queue_if_offline, much time
    "queued_shortly": 9,     # queue_if_offline, a second or three
    "retried": 7,            # fails at first, and trying again was asked for
    "failing": 3,            # fails each time
    "overlong": 4,           # runs into its execution timeout
    "idempotent": 6,         # a command that is tried again by itself when it was interrupted
    "echo": 3,
}
CANCELLED_PER_CENT = 12


@dataclasses.dataclass(frozen=True)
class Command:
    number: int
    key: str                    # the client's own id: what the command appends, and its Idempotency-Key
    kind: str
    agent: str
    server: str                 # asked first; the other one is asked when it does not answer
    bytes: int = 0              # printed
    text: bool = False          # letters only, which the record's text shows as they are
    sleep_ms: int = 0
    failures: int = 0           # so many starts end with exit code 3
    slot: str = ""              # one command at a time per slot and host; "" is a slot of its own
    expires_in: int | None = None   # seconds; None: not queued
    execution_timeout: int | None = None
    max_attempts: int = 1       # as asked for with `retry`
    wait_s: float = 0           # the POST waits so long for the end
    cancel_after_s: float | None = None


@dataclasses.dataclass(frozen=True)
class Fault:
    number: int
    after: int                  # accepted commands
    kind: str
    target: str                 # a program or a link
    lasts_s: float              # until what was broken is mended
    how: str = ""               # halve: "middle", "up", "down"
    amount: float = 0           # delay: seconds; move_clock: seconds, signed


@dataclasses.dataclass(frozen=True)
class Schedule:
    seed: int
    commands: tuple
    faults: tuple


def make(seed, commands, faults):
    """The same arguments give the same schedule."""
    # Two streams, so that a change of one kind of thing does not shift the other.
    return Schedule(seed, make_commands(random.Random(f"commands {seed}"), seed, commands),
                    make_faults(random.Random(f"faults {seed}"), commands, faults))


def deal(dice, weights, count):
    """`count` names in random order, each as often as its weight says, and at least once when there is room."""
    total = sum(weights.values())
    exact = {name: count * weight / total for name, weight in weights.items()}
    dealt = {name: int(share) for name, share in exact.items()}
    if count >= len(weights):
        dealt = {name: max(1, number) for name, number in dealt.items()}
    by_remainder = sorted(weights, key=lambda name: (dealt[name] - exact[name], name))
    while (missing := count - sum(dealt.values())) != 0:
        for name in by_remainder[:missing] if missing > 0 else [max(dealt, key=dealt.get)]:
            dealt[name] += 1 if missing > 0 else -1
    names = [name for name in weights for _ in range(dealt[name])]
    dice.shuffle(names)
    return names


def make_commands(dice, seed, count):
    return tuple(make_command(dice, seed, number, kind) for number, kind in enumerate(deal(dice, KINDS, count)))


def make_command(dice, seed, number, kind):
    fields = {"bytes": dice.choice((0, dice.randint(1, 200), dice.randint(200, 3000))), "text": dice.random() < 0.5}
    if kind == "slow":
        fields.update(sleep_ms=dice.randint(200, 2000), bytes=dice.randint(0, 40_000))
    elif kind == "printing":
        fields.update(bytes=dice.randint(10_000, 300_000), sleep_ms=dice.choice((0, dice.randint(50, 800))))
    elif kind == "queued":
        fields.update(expires_in=600)
    elif kind == "queued_shortly":
        fields.update(expires_in=dice.randint(1, 3))
    elif kind == "retried":
        fields.update(failures=dice.randint(1, 2), max_attempts=3, expires_in=dice.choice((None, 600)))
    elif kind == "failing":
        fields.update(failures=99, max_attempts=dice.choice((1, 2)))
    elif kind == "overlong":
        fields.update(sleep_ms=30_000, bytes=20_000, execution_timeout=1)
    if kind in ("quick", "slow", "idempotent", "queued") and dice.random() < 0.3:
        fields.update(slot=dice.choice("abc"))
    if kind in ("quick", "slow", "printing", "echo") and dice.random() < 0.25:
        fields.update(wait_s=dice.choice((0.5, 2, 5)))
    if kind != "echo" and dice.random() < CANCELLED_PER_CENT / 100:
        fields.update(cancel_after_s=round(dice.choice((0, dice.uniform(0, 0.1), dice.uniform(0.1, 1.5))), 3))
    return Command(number, f"{seed}-{number}-{dice.getrandbits(32):08x}", kind, dice.choice(AGENTS),
                   dice.choice(SERVERS), **fields)


def make_faults(dice, commands, count):
    places = sorted(dice.randint(1, max(1, commands - 1)) for _ in range(count))
    return tuple(make_fault(dice, number, place, kind)
                 for number, (place, kind) in enumerate(zip(places, deal(dice, FAULTS, count))))


def make_fault(dice, number, after, kind):
    fields = {"lasts_s": round(dice.uniform(0.2, 2.5), 2)}
    if kind in ("kill_agent", "fill_disk"):
        target = dice.choice(AGENTS)
    elif kind == "kill_server":
        target = dice.choice(SERVERS)
    elif kind in ("kill_redis", "flush_redis"):
        target = "redis"
    elif kind == "kill_postgres":
        target = "postgres"
    elif kind == "move_clock":
        target = dice.choice(AGENTS + SERVERS)
        # Mostly within DELIVERY_TIMEOUT, which clocks must keep; sometimes far beyond: what is promised of ends
        # holds all the same, only more of them are `expired` or `refused`.
        far = dice.random() < 0.3
        fields["amount"] = round(dice.choice((-1, 1)) * (dice.uniform(20, 60) if far else dice.uniform(1, 8)), 1)
    else:
        target = dice.choice(LINKS)
        if kind == "halve":
            fields["how"] = dice.choice(("middle", "up", "down"))
        elif kind == "delay":
            fields["amount"] = round(dice.uniform(0.05, 0.6), 2)
    return Fault(number, after, kind, target, **fields)
