"""Damaged files of every format that is read or written, and what becomes of those who read them.

    python tests/attacks/mutations.py --n 10000 --seed 1

Each trial damages one file and lets one operation read it, in a process of its own that is limited in time and memory.
Right is the result of the undamaged file, or an error that tells what is wrong. A difference without an error is wrong
wherever there is a checksum. Ends with exit code 1 if anything was wrong; --only 123 makes trial 123 of a seed again.
"""

import json
import os
import random
import shutil
import sys
import tempfile
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Iterable
from enum import Enum
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["HF_DATASETS_DISABLE_PROGRESS_BARS"] = "1"

import damage
from operations import Operation
from samples import SAMPLES, Sample, make_corpora, make_encoded
from trials import MAX_CPU_S, Ending, Verdict, arguments_of, make_trials, run_forked, warm_up

SHARE_OF_CRAFTED = 0.15
"""Of the trials of formats that can be changed and stay well formed."""
SHARE_OF_EXCHANGED = 0.06
"""Of the trials that exchange, remove or transplant whole files."""


class Outcome(Enum):
    """What a trial came to. The order is from good to bad."""

    RIGHT = "right result"
    REFUSED = "clear error"
    AS_IT_STANDS = "read as it stands"
    """Another result, from a format that has nothing to tell damage from content by."""
    SILENT = "silent difference"
    FOREIGN = "foreign exception"
    MEMORY = "memory"
    HANG = "hang"
    CRASH = "crash"
    EXECUTED = "ran code"
    """Code that stood in a file was run."""

    @property
    def is_good(self) -> bool:
        """Whether this is what should happen."""
        return self in (Outcome.RIGHT, Outcome.REFUSED, Outcome.AS_IT_STANDS)


class Workplace(NamedTuple):
    """A sample on disk, with a copy to restore it from, and what operations make of it."""

    sample: Sample
    directory: Path
    pristine: Path
    twin: Path
    """The same kind of sample, made from another seed."""
    files: list[Path]
    """Those to damage, relative to the directory."""
    expected: dict[str, Ending]
    """By the name of the operation, as far as trials have asked for it."""


def prepare(directory: Path, names: Iterable[str] = ()) -> list[Workplace]:
    """Make all samples below a directory."""
    workplaces = []
    for sample in SAMPLES:
        if names and sample.name not in names:
            continue
        place, pristine, twin = (
            directory / f"{sample.make.__name__.removeprefix('make_')}{kind}" for kind in ("", "-pristine", "-twin")
        )
        if not place.exists():  # several samples are of the same files
            for path, seed in ((place, 0), (twin, 1)):
                path.mkdir(parents=True)
                _in_fork(partial(_make, sample, path, seed), path.with_suffix(".log"))
            shutil.copytree(place, pristine, symlinks=True)
        files = sorted(
            path.relative_to(pristine) for pattern in sample.files for path in pristine.glob(pattern) if path.is_file()
        )
        if not files:
            raise SystemExit(f"The sample '{sample.name}' must have files to damage, but has none: {sample.files}")
        workplaces.append(Workplace(sample, place, pristine, twin, files, {}))
    return workplaces


def expected_ending(workplace: Workplace, operation: Operation) -> Ending:
    """Return how an operation ends on undamaged files; an ending of kind "foreign" if it ends in two ways."""
    if operation.name not in workplace.expected:
        restore(workplace)
        first = run(workplace, operation, max_cpu_s=60)
        restore(workplace)
        second = run(workplace, operation, max_cpu_s=60)
        if first.kind == "result" and first.text != second.text:
            second = Ending("foreign", f"two results:\n{first.text}\n{second.text}", second.seconds)
        workplace.expected[operation.name] = second
    return workplace.expected[operation.name]


def _make(sample: Sample, place: Path, seed: int) -> str:
    os.chdir(place)
    sample.make(seed)
    return "made"


def _in_fork(task: Any, log: Path) -> None:  # Any: a function without arguments
    ending = run_forked(task, log=log, max_cpu_s=120)
    if ending.kind != "result":
        raise SystemExit(f"A sample must be made, but: {ending.text}\n{log.read_text()}")


def restore(workplace: Workplace) -> None:
    """Make a sample as it was. Its path stays the same, which an encoded corpus is known again by, among others."""
    for path in workplace.directory.iterdir():
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    for path in workplace.pristine.iterdir():
        target = workplace.directory / path.name
        shutil.copytree(path, target, symlinks=True) if path.is_dir() else shutil.copy2(path, target)


def run(workplace: Workplace, operation: Operation, *, max_cpu_s: float) -> Ending:
    """Run an operation in the directory of a sample."""

    def in_directory() -> str:
        os.chdir(workplace.directory)
        return operation.run()

    return run_forked(in_directory, log=workplace.directory.with_suffix(".log"), max_cpu_s=max_cpu_s)


def hurt(workplace: Workplace, chooser: random.Random) -> tuple[str, bool]:
    """Damage a file of a sample; return what was done, and whether checksums were made right again."""
    directory, relative = workplace.directory, chooser.choice(workplace.files)
    path = directory / relative
    content = path.read_bytes()
    kind = chooser.random()
    if kind < SHARE_OF_CRAFTED and damage.fits_crafting(path):
        path.write_bytes(damage.CRAFTED[path.suffix](content, chooser))
        damage.with_right_checksums(directory)
        return f"{relative}: crafted", True
    if kind > 1 - SHARE_OF_EXCHANGED and len(workplace.files) > 1:
        other = chooser.choice([file for file in workplace.files if file != relative])
        way = chooser.choice(("swapped", "missing", "directory", "transplanted"))
        if way == "swapped":
            damage.swap_files(path, directory / other)
            return f"{relative}: swapped with {other}", False
        if way == "transplanted" and (twin := _of_twin(workplace, relative)) is not None:
            shutil.copyfile(twin, path)
            return f"{relative}: that of another sample", False
        path.unlink()
        if way == "directory":
            path.mkdir()
        return f"{relative}: {way}", False
    kinds = {name: change for name, change in damage.damages_of(path).items() if name not in workplace.sample.without}
    name = chooser.choice(list(kinds))
    changed = kinds[name](content, chooser)
    path.write_bytes(changed)
    return f"{relative}: {name} at {_first_difference(content, changed):,} of {len(content):,}", False


def hurt_in_fork(workplace: Workplace, chooser: random.Random) -> tuple[str, bool]:
    """Do the same in a process of its own, since libraries end that of whoever writes arrays that cannot be."""
    while True:
        before = chooser.getstate()
        ending = run_forked(
            lambda: json.dumps(hurt(workplace, chooser)), log=workplace.directory.with_suffix(".log"), max_cpu_s=60
        )
        if ending.kind == "result":
            what, crafted = json.loads(ending.text)
            return what, crafted
        restore(workplace)
        chooser.setstate(before)
        chooser.random()  # other damage


def _of_twin(workplace: Workplace, relative: Path) -> Path | None:
    """Return the file of the twin that is in the same place, where names that are hashes may be others."""
    patterns = [pattern for pattern in workplace.sample.files if relative.match(pattern)]
    found = [path for pattern in patterns for path in workplace.twin.glob(pattern) if path.name == relative.name]
    return found[0] if found else None


def _first_difference(before: bytes, after: bytes) -> int:
    pairs = enumerate(zip(before, after, strict=False))
    return next((place for place, (old, new) in pairs if old != new), min(len(before), len(after)))


def try_one(number: int, *, seed: int, workplaces: list[Workplace], keep: Path | None) -> Verdict:
    """Make a trial."""
    chooser = random.Random(f"{seed} {number}")
    workplace = chooser.choices(workplaces, [workplace.sample.weight for workplace in workplaces])[0]
    operation = chooser.choice(workplace.sample.operations)
    expected = expected_ending(workplace, operation)
    if expected.kind != "result":
        what = f"nothing was damaged; {operation.name}"
        return Verdict(number, workplace.sample.name, Outcome.FOREIGN.value, False, what, expected.text)
    restore(workplace)
    what, crafted = hurt_in_fork(workplace, chooser)
    if keep is not None:
        kept = keep / f"{seed}-{number}"
        shutil.copytree(workplace.directory, kept, symlinks=True)
    ending = run(workplace, operation, max_cpu_s=MAX_CPU_S + expected.seconds)
    outcome = judge(ending, expected, checked=workplace.sample.checked and not crafted)
    if (workplace.directory / "executed").exists():
        outcome = Outcome.EXECUTED
    if keep is not None and outcome.is_good:
        shutil.rmtree(kept)
    text = "" if outcome is Outcome.RIGHT else ending.text
    what = f"{what}; {operation.name}"
    return Verdict(number, workplace.sample.name, outcome.value, outcome.is_good, what, text)


def judge(ending: Ending, expected: Ending, *, checked: bool) -> Outcome:
    """Return what an ending means. checked: damage can be told from content."""
    if ending.kind != "result":
        return {
            "refused": Outcome.REFUSED,
            "foreign": Outcome.FOREIGN,
            "memory": Outcome.MEMORY,
            "hang": Outcome.HANG,
            "crash": Outcome.CRASH,
        }[ending.kind]
    if ending.text == expected.text:
        return Outcome.RIGHT
    return Outcome.SILENT if checked else Outcome.AS_IT_STANDS


def use_once() -> None:
    """Read a corpus in each format, and train: what this imports, and the kernels it loads, all forks have then.

    Every trial would spend half a second on that.
    """
    before = Path.cwd()
    with tempfile.TemporaryDirectory(prefix="attacks-") as temporary:
        os.chdir(temporary)
        try:
            for sample in SAMPLES:
                if sample.make in (make_corpora, make_encoded):
                    place = Path(temporary, sample.name)
                    place.mkdir()
                    os.chdir(place)
                    sample.make(0)
                    sample.operations[0].run()
        finally:
            os.chdir(before)


def blind_checksums() -> None:
    """Let all checksums of manifests be alike: what is found then shows that the attack finds something."""
    from spacy_w2v._atomic import manifests

    manifests.xxh3_of_file = lambda path: "0" * 32
    manifests._own_checksum = lambda values: "0" * 32


def main() -> None:
    parser = ArgumentParser(description=__doc__, formatter_class=RawDescriptionHelpFormatter)
    parser.add_argument("--samples", nargs="+", default=[], choices=[sample.name for sample in SAMPLES])
    parser.add_argument(
        "--blind", action="store_true", help="let all checksums be alike, so that damage is not noticed"
    )
    arguments = arguments_of(parser, n=1000)
    warm_up()
    if arguments.blind:
        blind_checksums()
    with tempfile.TemporaryDirectory(prefix="attacks-") as temporary:
        os.environ["SPACY_W2V_CACHE"] = str(Path(temporary, "user-cache"))
        use_once()
        samples = [prepare(Path(temporary, f"job-{job}"), arguments.samples) for job in range(arguments.jobs)]

        def task(number: int, job: int) -> Verdict:
            return try_one(number, seed=arguments.seed, workplaces=samples[job], keep=arguments.keep)

        all_good = make_trials(task, arguments, [outcome.value for outcome in Outcome])
    sys.exit(0 if all_good else 1)


if __name__ == "__main__":
    main()
