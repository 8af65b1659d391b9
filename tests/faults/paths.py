"""Where the programs of this build are."""

import os
import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("COCKPIT_BIN", ROOT / "build" / "dev" / "bin"))
FAKES = BIN.parent / "fakes"
APPEND_LINE = FAKES / "append_line"
MOVED_CLOCK = FAKES / "moved_clock.so"
