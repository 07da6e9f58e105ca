"""Runs that are killed at random moments, and go on until they are done: their results are those of others, to the bit.

    python tests/attacks/kills.py --n 100 --seed 1
    python tests/attacks/kills.py --n 100 --signals SIGTERM SIGINT SIGHUP

Each trial is a chain: a run of a command is killed, again and again, at moments drawn from the whole of it (before each
of its changes of the file system, or by the clock), and then left to end. One worker trains, so the results must be
those of a run that nothing disturbed; the files that the user keeps among earlier results must be there, and nothing
else beside them or in the cache. A part of the runs are processes of their own, in which the clock starts with
Python itself; the others are forked from a warm process.
"""

import os
import random
import shutil
import signal
import sys
import tempfile
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from functools import cache
from pathlib import Path
from typing import NamedTuple

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["HF_DATASETS_DISABLE_PROGRESS_BARS"] = "1"

from runs import (
    SCENARIOS,
    USERS_FILES,
    Ended,
    Killed,
    Scenario,
    copy_place,
    differences,
    listing,
    make_place,
    random_moment,
    run_forked_command,
    run_process,
)
from trials import Verdict, arguments_of, make_trials, warm_up

OUTCOMES = ("as undisturbed", "other results", "user's files lost", "left over", "stuck", "wrong exit", "traceback")
STARTS_AGAIN = ("Start the run without --resume", "replace the results: --overwrite without --resume")
"""What errors say where there is nothing to go on from: nothing at all, or results of an earlier run."""
MAX_RUNS = 4
"""Of a chain, after the last that is killed."""
SHARE_OF_PROCESSES = 0.1


class Expected(NamedTuple):
    """What an undisturbed run of a scenario comes to."""

    ended: Ended
    files: dict[str, str]


def undisturbed(place: Path, pristine: Path, scenario: Scenario) -> Expected:
    """Run a scenario to its end."""
    copy_place(pristine, place, scenario)
    ended = run_forked_command(scenario.arguments, place)
    if ended.code != 0:
        raise SystemExit(f"'{scenario.name}' must end well undisturbed, but: {ended.said}")
    return Expected(ended, listing(place))


@cache
def seconds_of_process(scenario: Scenario, pristine: Path, place: Path) -> float:
    """Return how long an undisturbed process of a scenario takes. place: where it can run."""
    copy_place(pristine, place, scenario)
    return run_process(scenario.arguments, place).seconds


def chain(
    number: int, *, seed: int, place: Path, pristine: Path, expected: dict[str, Expected], signals: tuple[str, ...]
) -> Verdict:
    """Kill runs of a scenario, let the last one end, and look at what is there."""
    chooser = random.Random(f"{seed} {number}")
    scenario = chooser.choice(SCENARIOS)
    known = expected[scenario.name]
    copy_place(pristine, place, scenario)
    story: list[str] = []

    def verdict(outcome: str, text: str = "") -> Verdict:
        return Verdict(number, scenario.name, outcome, outcome == OUTCOMES[0], "; ".join(story), text)

    for _ in range(chooser.choice((1, 1, 2, 3, 4))):
        number_of_signal = signal.Signals[chooser.choice(signals)]
        as_process = chooser.random() < SHARE_OF_PROCESSES
        if as_process:
            seconds = seconds_of_process(scenario, pristine, place.with_name("other"))
            killed = Killed(number_of_signal, after_s=chooser.uniform(0, seconds))
        else:
            killed = random_moment(chooser, known.ended, number=number_of_signal)
        ended = next_run(scenario, place, killed=killed, as_process=as_process, is_first=not story)
        story.append(f"{'process' if as_process else 'fork'} {_moment(killed)}: exit {ended.code}")
        if problem := wrong_end(ended, killed):
            return verdict(*problem)
    for _ in range(MAX_RUNS):
        ended = next_run(scenario, place, killed=None, as_process=False, is_first=False)
        story.append(f"undisturbed: exit {ended.code}")
        if "Traceback" in ended.said:
            return verdict("traceback", ended.said)
        if ended.code == 0:
            break
    else:
        return verdict("stuck", ended.said)
    found = listing(place)
    lost = [name for name in USERS_FILES if scenario.replaces and f"{scenario.target}/{name}" not in found]
    if lost:
        return verdict("user's files lost", "\n".join(lost + sorted(found)))
    lines = differences(known.files, found)
    if all(line.endswith("left over") for line in lines) and lines:
        return verdict("left over", "\n".join(lines))
    return verdict("other results", "\n".join(lines)) if lines else verdict(OUTCOMES[0])


def next_run(scenario: Scenario, place: Path, *, killed: Killed | None, as_process: bool, is_first: bool) -> Ended:
    """Run a command as a user would go on: with --resume, and without where there is nothing to go on from."""
    run = run_process if as_process else run_forked_command
    if is_first or not scenario.can_resume:
        return run(scenario.arguments, place, killed)
    ended = run((*scenario.arguments, "--resume"), place, killed)
    if ended.code == 1 and any(remedy in " ".join(ended.said.split()) for remedy in STARTS_AGAIN):
        return run(scenario.arguments, place, killed)
    return ended


def wrong_end(ended: Ended, killed: Killed) -> tuple[str, str] | None:
    """Return outcome and text if a run that was stopped did not end as it should, else None."""
    if "Traceback" in ended.said and "spacy_w2v" in ended.said.partition("Traceback")[2]:
        return "traceback", ended.said
    right = {0, 1, 128 + killed.number}  # it may be done before; 1: an error, which the chain would be stuck in
    if ended.code not in right and "KeyboardInterrupt" not in ended.said:
        return "wrong exit", f"exit code {ended.code}\n{ended.said}"
    return None


def _moment(killed: Killed) -> str:
    name = signal.Signals(killed.number).name
    return f"{name} after {killed.after_s:.2f} s" if killed.event is None else f"{name} before change {killed.event}"


def main() -> None:
    parser = ArgumentParser(description=__doc__, formatter_class=RawDescriptionHelpFormatter)
    parser.add_argument("--signals", nargs="+", default=["SIGKILL"], help="drawn from (default: SIGKILL)")
    arguments = arguments_of(parser, n=100)
    warm_up()
    with tempfile.TemporaryDirectory(prefix="attacks-") as temporary:
        root = Path(temporary)
        make_place(root / "pristine")
        places = [root / f"job-{job}" / "place" for job in range(arguments.jobs)]
        for place in places:
            place.parent.mkdir()
        expected = [  # the names of encoded corpora depend on where the texts are
            {scenario.name: undisturbed(place, root / "pristine", scenario) for scenario in SCENARIOS}
            for place in places
        ]

        def task(number: int, job: int) -> Verdict:
            verdict = chain(
                number,
                seed=arguments.seed,
                place=places[job],
                pristine=root / "pristine",
                expected=expected[job],
                signals=tuple(arguments.signals),
            )
            if arguments.keep is not None and not verdict.is_good:
                shutil.copytree(places[job], arguments.keep / f"{arguments.seed}-{number}", symlinks=True)
            return verdict

        all_good = make_trials(task, arguments, OUTCOMES)
    sys.exit(0 if all_good else 1)


if __name__ == "__main__":
    main()
