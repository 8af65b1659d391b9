"""What the test's program does is what the checks compute."""

import pathlib
import subprocess

import pytest

from paths import APPEND_LINE
from printed import expected_output

pytestmark = pytest.mark.skipif(not APPEND_LINE.exists(), reason=f"{APPEND_LINE} is not built")


def run(*arguments):
    return subprocess.run([APPEND_LINE, *arguments], capture_output=True, check=False)


@pytest.mark.parametrize("count", [0, 1, 8, 4097, 50_000])
def test_output_is_the_expected_one(tmp_path, count):
    done = run(f"--file={tmp_path}/ran", "--id=a-7", f"--bytes={count}")
    assert (done.returncode, done.stdout, done.stderr) == (0, expected_output("a-7", count), b"")


def test_text_is_letters(tmp_path):
    done = run(f"--file={tmp_path}/ran", "--id=a-7", "--bytes=5000", "--text=true")
    assert done.stdout == expected_output("a-7", 5000, text=True)
    assert done.stdout.decode().isalpha()


def test_output_of_another_id_is_another():
    assert expected_output("a", 64) != expected_output("b", 64)


def test_pieces_go_to_both_in_turn(tmp_path):
    done = subprocess.run([APPEND_LINE, f"--file={tmp_path}/ran", "--id=x", "--bytes=20000", "--to=both"],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=True)
    assert done.stdout == expected_output("x", 20_000)


def test_each_start_is_a_line(tmp_path):
    for _ in range(3):
        run(f"--file={tmp_path}/ran", "--id=x")
    lines = pathlib.Path(tmp_path, "ran").read_text().splitlines()
    assert [line.split()[0] for line in lines] == ["x"] * 3


def test_fails_as_often_as_told(tmp_path):
    codes = [run(f"--file={tmp_path}/ran", "--id=x", "--failures=2").returncode for _ in range(4)]
    assert codes == [3, 3, 0, 0]


def test_second_holder_of_a_slot_says_overlap(tmp_path):
    first = subprocess.Popen([APPEND_LINE, f"--file={tmp_path}/ran", "--id=x", f"--alone={tmp_path}/slot",
                              "--bytes=1", "--sleep-ms=60000"])
    try:
        file = pathlib.Path(tmp_path, "ran")
        while not file.exists() or not file.read_text().endswith("\n"):
            assert first.poll() is None
        run(f"--file={file}", "--id=y", f"--alone={tmp_path}/slot")
    finally:
        first.kill()
        first.wait()
    run(f"--file={file}", "--id=z", f"--alone={tmp_path}/slot")
    words = [line.split() for line in file.read_text().splitlines()]
    assert [(w[0], w[2:]) for w in words] == [("x", []), ("y", []), ("y", ["overlap"]), ("z", [])]


def test_wrong_arguments_are_told(tmp_path):
    done = run("id=x")
    assert done.returncode == 2
    assert b"'id=x' is not --name=value" in done.stderr
    assert b"--bytes=many is not a number" in run(f"--file={tmp_path}/ran", "--id=x", "--bytes=many").stderr
    assert b"--file and --id are required" in run().stderr
