"""Disks that are full, at many sizes: what existed must still be there, and the error must name the right place.

    sudo python tests/attacks/full_disks.py --n 30 --seed 1

Each trial puts the results, the cache, or both, on a small file system (a tmpfs, which root alone may mount), leaves
a certain room on it, and runs a command. The rooms go evenly from none to all that the command needs. Where nothing can
be mounted, the size of each file is limited instead, as `ulimit -f` does: that fails at a write too, if with another
error.
"""

import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from pathlib import Path
from typing import NamedTuple

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["HF_DATASETS_DISABLE_PROGRESS_BARS"] = "1"

from runs import (
    SCENARIOS,
    Ended,
    Scenario,
    copy_place,
    differences,
    listing,
    make_place,
    run_forked_command,
)
from trials import Verdict, arguments_of, make_trials, warm_up

OUTCOMES = ("done", "clear error", "lost", "left over", "wrong place named", "wrong exit", "traceback")
ON_DISK = {"results": ("out", "exported"), "cache": ("cache",), "both": ("out", "exported", "cache")}
"""What lies on the small disk: names in the place."""
CASES = [
    (scenario, way)
    for scenario in SCENARIOS
    for way in (
        ("results",) if scenario.target == "exported" else ("results", "both") if scenario.replaces else ON_DISK
    )
]
"""What is tried, and what of it lies on the small disk."""
SMALL = "small"
BLOCK_BYTES = 4096


class Disk(NamedTuple):
    """A small file system, mounted at a path; with path None there is none, and files are limited in size."""

    path: Path | None

    def leave(self, n_bytes: int) -> None:
        """Fill it up so that there is room for n_bytes."""
        if self.path is None:
            limit = max(n_bytes // 8, 512)  # a file has about an eighth of all
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
            return
        free = shutil.disk_usage(self.path).free
        with (self.path / "filling").open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, max(BLOCK_BYTES, free - n_bytes))

    def release(self) -> None:
        """Give all the room back."""
        if self.path is None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
            return
        (self.path / "filling").unlink(missing_ok=True)


def mount(path: Path, *, n_bytes: int) -> Disk:
    """Mount a file system of that size; where that is not permitted, return a Disk that stands for a limit."""
    path.mkdir(parents=True)
    options = ["-t", "tmpfs", "-o", f"size={n_bytes}", "attack"]
    done = subprocess.run(["mount", *options, str(path)], capture_output=True, text=True)
    return Disk(path if done.returncode == 0 else None)


def put_on_disk(place: Path, disk: Disk, names: tuple[str, ...]) -> None:
    """Move entries of a place to the disk, which is SMALL in the place; without a disk, to a directory there."""
    if disk.path is None:
        (place / SMALL).mkdir()
    else:
        for rest in disk.path.iterdir():
            shutil.rmtree(rest) if rest.is_dir() else rest.unlink()
        (place / SMALL).symlink_to(disk.path)
    for name in names:
        if name == "cache":  # so that it is written
            shutil.rmtree(place / name, ignore_errors=True)
        elif (place / name).exists():
            shutil.move(place / name, place / SMALL / name)


def try_one(
    number: int, *, seed: int, n: int, place: Path, pristine: Path, disk: Disk, needed: dict[str, int]
) -> Verdict:
    """Run a command on a disk with some room, and look at what is there."""
    scenario, way = CASES[number % len(CASES)]
    step, n_steps = number // len(CASES), max(1, n // len(CASES))
    chooser = random.Random(f"{seed} {number}")
    room = round(needed[scenario.name] * (step + chooser.random()) / n_steps)
    copy_place(pristine, place, scenario)
    put_on_disk(place, disk, ON_DISK[way])
    before = _listing(place)
    disk.leave(room)
    try:
        names = {name: f"{SMALL}/{name}" for name in ON_DISK[way]}
        ended = run_forked_command(tuple(names.get(part, part) for part in scenario.arguments), place)
    finally:
        disk.release()
    after = _listing(place)
    outcome, text = judge(ended, scenario, way, before, after)
    what = f"room for {room:,} bytes on the disk of {way}"
    return Verdict(number, f"{scenario.name}, {way}", outcome, outcome in OUTCOMES[:2], what, text)


def judge(ended: Ended, scenario: Scenario, way: str, before: dict[str, str], after: dict[str, str]) -> tuple[str, str]:
    """Return what a run on a full disk came to, and what tells why."""
    if "Traceback" in ended.said:
        return "traceback", ended.said
    if ended.code == 0:
        return "done", ""
    if ended.code != 1:
        return "wrong exit", f"exit code {ended.code}\n{ended.said}"
    # a run may leave its state, and an encoded corpus that is complete
    lines = [
        line
        for line in differences(before, after)
        if not (line.removeprefix(f"{SMALL}/").startswith(("out.checkpoint", "cache")) and line.endswith("left over"))
        or "unfinished" in line
    ]
    text = "\n".join([*lines, ended.said])
    if any(not line.endswith("left over") for line in lines):
        return "lost", text
    if lines:
        return "left over", text
    said = " ".join(ended.said.split())
    names = {"results": (scenario.target, "disk"), "cache": ("cache",), "both": (scenario.target, "cache", "disk")}[way]
    return ("clear error", "") if any(name in said for name in names) else ("wrong place named", text)


def _listing(place: Path) -> dict[str, str]:
    on_disk = {f"{SMALL}/{name}": content for name, content in listing((place / SMALL).resolve()).items()}
    return on_disk | {name: content for name, content in listing(place).items() if name != SMALL}


def main() -> None:
    parser = ArgumentParser(description=__doc__, formatter_class=RawDescriptionHelpFormatter)
    arguments = arguments_of(parser, n=30 * len(CASES))
    if arguments.jobs != 1:
        raise SystemExit("--jobs must be 1, since there is one disk.")
    warm_up()
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    with tempfile.TemporaryDirectory(prefix="attacks-") as temporary:
        root, place = Path(temporary), Path(temporary, "job", "place")
        make_place(root / "pristine")
        place.parent.mkdir()
        needed = {}
        for scenario in SCENARIOS:
            copy_place(root / "pristine", place, scenario)
            if run_forked_command(scenario.arguments, place).code != 0:
                raise SystemExit(f"'{scenario.name}' must end well where there is room.")
            written = [
                path for name in (scenario.target, "cache") for path in (place / name).rglob("*") if path.is_file()
            ]
            # with two checkpoints beside each other
            needed[scenario.name] = 2 * sum(path.stat().st_size + BLOCK_BYTES for path in written)
        disk = mount(root / "disk", n_bytes=64 << 20)
        print("On a tmpfs of its own" if disk.path else "Nothing can be mounted: files are limited in size")

        def task(number: int, job: int) -> Verdict:
            return try_one(
                number,
                seed=arguments.seed,
                n=arguments.n,
                place=place,
                pristine=root / "pristine",
                disk=disk,
                needed=needed,
            )

        try:
            all_good = make_trials(task, arguments, OUTCOMES)
        finally:
            if disk.path is not None:
                subprocess.run(["umount", str(disk.path)], check=True)
    sys.exit(0 if all_good else 1)


if __name__ == "__main__":
    main()
