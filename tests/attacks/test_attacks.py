"""A part of each attack, as a process of its own: it forks, and limits memory and time."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork") or sys.platform != "linux", reason="the attacks fork, on Linux"),
    pytest.mark.slow,
]

HERE = Path(__file__).parent


def attack(script, *options):
    """Run a script; what it printed is shown if anything went wrong."""
    command = [sys.executable, str(HERE / script), *map(str, options)]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", timeout=600)
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-4000:]
    return done.stdout


def counted(output):
    """The last row of the table: the number of trials, and how they are spread over the outcomes."""
    cells = output.strip().splitlines()[-1].strip("| ").split(" | ")
    return cells[0], [int(cell.replace(",", "")) for cell in cells[1:]]


def test_damaged_files():
    group, (n_tried, n_right, n_refused, n_as_they_stand, *wrong) = counted(attack("mutations.py", "--n", 150))
    assert (group, n_tried, sum(wrong)) == ("all", 150, 0)
    assert min(n_right, n_refused, n_as_they_stand) > 0


def test_runs_that_are_stopped():
    options = ("--n", 6, "--seed", 1, "--signals", "SIGKILL", "SIGKILL", "SIGKILL", "SIGTERM", "SIGINT", "SIGHUP")
    assert counted(attack("kills.py", *options)) == ("all", [6, 6, 0, 0, 0, 0, 0, 0])


def test_full_disks():
    _, (n_tried, _, _, *wrong) = counted(attack("full_disks.py", "--n", 6, "--seed", 1))
    assert (n_tried, sum(wrong)) == (6, 0)


def test_differences_are_noticed():
    """The attack itself must be able to fail: here all checksums are alike."""
    command = [sys.executable, str(HERE / "mutations.py"), "--n", "60", "--samples", "model", "--blind"]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", timeout=600)
    assert done.returncode == 1, done.stderr
    _, (_, _, _, _, n_silent, *_) = counted(done.stdout)
    assert n_silent > 0
    assert "silent difference, such as --seed 0 --only" in done.stdout
