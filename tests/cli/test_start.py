"""Starting up: help in under a second and without the heavy libraries, version, wrong usage."""

import subprocess
import sys
import time

import pytest

import bayesdose as bd

HEAVY = {
    "pymc",
    "pytensor",
    "numba",
    "nutpie",
    "pandas",
    "xarray",
    "matplotlib",
    "scipy",
    "pint",
    "numpy",
}
PROGRAM = """
import sys
from bayesdose.cli import main
sys.argv = ["bayesdose", *sys.argv[1:]]
try:
    main()
finally:
    print(*sorted({m.partition(".")[0] for m in sys.modules}), file=sys.stderr)
"""


def _run(*arguments):
    return subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments], capture_output=True, text=True, check=False, timeout=60
    )


@pytest.mark.parametrize(
    "arguments", [["--help"], ["fit", "--help"], ["recommend", "-h"], ["condition", "-h"], ["--version"]]
)
def test_help_and_version_load_nothing_heavy(arguments):
    ran = _run(*arguments)
    assert ran.returncode == 0
    assert HEAVY & set(ran.stderr.split()) == set()


def test_help_takes_less_than_a_second():
    seconds = []
    for _ in range(3):  # the machine may be busy; the fastest of three counts
        started = time.perf_counter()
        _run("--help")
        seconds.append(time.perf_counter() - started)
    assert min(seconds) < 1.0


def test_help_lists_the_commands(bayesdose):
    shown = bayesdose("--help")
    assert shown.exit_code == 0
    for command in ("fit", "check", "recommend", "demo", "models"):
        assert f"\n  {command} " in shown.stdout
    assert "no medical device" in " ".join(shown.stdout.split())


def test_the_version(bayesdose):
    shown = bayesdose("--version")
    assert (shown.exit_code, shown.stdout) == (0, f"bayesdose {bd.__version__}\n")


@pytest.mark.parametrize(
    "arguments",
    [
        ["fitt"],
        ["fit"],
        ["check"],
        ["fit", "x", "y", "--seed", "-1"],
        ["fit", "x", "y", "--draws", "0"],
        ["--no"],
    ],
)
def test_wrong_usage_is_bad_input(bayesdose, arguments):
    shown = bayesdose(*arguments)
    assert shown.exit_code == 2
    assert shown.stdout == ""
    assert "Usage" in shown.stderr
