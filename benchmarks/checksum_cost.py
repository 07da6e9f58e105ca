"""What checksums and the checks of files cost: their share of a run, and training speed against another version.

    python benchmarks/checksum_cost.py CORPUS.txt --before ../older-checkout

CORPUS.txt is lower-cased text, tokenized by white space, and may be compressed. A run reads it, encodes it to an empty
cache, trains, and writes a model; the calls that compute checksums or check what was read are timed within it. Chunks
are counted with their reading, so that their share is an upper bound. With --before, runs of both versions take turns,
each in a process of its own, and their medians are compared.
"""

import importlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from common import argument_parser, cut_corpus, interleave, log, machine_facts, markdown_table, train_ours

TIMED = {
    "texts, to know them again": ("spacy_w2v.sources._huggingface", "contents"),
    "encoded corpus, checksums written": ("spacy_w2v.corpus._store", "describe_files"),
    "encoded corpus, checked when opened": ("spacy_w2v.corpus._cache", "open_corpus"),
    "model, checksums written": ("spacy_w2v.model._storage", "describe_files"),
    "chunks, read and checked in training": ("spacy_w2v.corpus._store", "ChunkReader.read"),
}
"""Module and name of each function, as it is called."""


class Run(NamedTuple):
    """A run from text to a model on disk."""

    wall_s: float
    words_per_s: float
    """Of training."""


def timed(function: Callable[..., Any], name: str, seconds: Counter[str]) -> Callable[..., Any]:
    """Return a function that adds the time of its calls to an entry of `seconds`."""

    def call(*arguments: Any, **options: Any) -> Any:
        start = time.perf_counter()
        try:
            return function(*arguments, **options)
        finally:
            seconds[name] += time.perf_counter() - start

    return call


def time_functions(seconds: Counter[str]) -> None:
    """Let all functions of TIMED add to `seconds`, from now on."""
    for name, (module_name, path) in TIMED.items():
        owner: Any = importlib.import_module(module_name)
        *classes, attribute = path.split(".")
        for part in classes:
            owner = getattr(owner, part)
        setattr(owner, attribute, timed(getattr(owner, attribute), name, seconds))


def run_once(corpus: Path, **settings: int) -> Run:
    """Train on a text with an empty cache, and save the model."""
    with tempfile.TemporaryDirectory() as temporary:
        start = time.perf_counter()
        model = train_ours(corpus, Path(temporary, "cache"), **settings)
        model.save(Path(temporary, "model"))
        return Run(time.perf_counter() - start, model.meta["results"][-1]["words_per_s"])


def run_in(checkout: Path, corpus: Path, **settings: int) -> Run:
    """Run `run_once` with the package of a checkout, in a process of its own."""
    command = [sys.executable, __file__, str(corpus), "--child", json.dumps(settings)]
    environment = {**os.environ, "PYTHONPATH": str(checkout.resolve())}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    run = Run(*json.loads(done.stdout.splitlines()[-1]))
    log(checkout=checkout.resolve().name, **run._asdict())
    return run


def main() -> None:
    parser = argument_parser(__doc__, name="checksum_cost")
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--before", type=Path, help="checkout of another version, to compare with")
    parser.add_argument("--words", type=int, help="only the first words of the corpus")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--child", help="settings as JSON: run once and print how long it took; for the script itself")
    arguments = parser.parse_args()
    if arguments.child is not None:
        print(json.dumps(run_once(arguments.corpus, **json.loads(arguments.child))))
        return
    if not arguments.corpus.exists():
        raise SystemExit(f"Skipped: the corpus must exist, but there is no {arguments.corpus}.")
    settings = {"workers": 1, "epochs": arguments.epochs}
    here = Path(__file__).parent.parent
    with tempfile.TemporaryDirectory() as temporary:
        corpus = Path(temporary, "corpus.txt")
        cut_corpus(arguments.corpus, corpus, n_words=100_000)
        run_once(corpus, **settings)  # compiles the kernels
        n_words = cut_corpus(arguments.corpus, corpus, n_words=arguments.words)
        speeds = {}
        if arguments.before is not None:
            tasks = {path: partial(run_in, path, corpus, **settings) for path in (arguments.before, here)}
            speeds = interleave(tasks, rounds=arguments.rounds)
        seconds: Counter[str] = Counter()
        time_functions(seconds)
        run = run_once(corpus, **settings)
    rows = [[name, f"{seconds[name]:.3f}", f"{seconds[name] / run.wall_s:.2%}"] for name in TIMED]
    total = sum(seconds.values())
    rows.append([f"all, of a run of {run.wall_s:.1f} s", f"{total:.3f}", f"{total / run.wall_s:.2%}"])
    table = markdown_table([f"{n_words:,} words", "seconds", "share"], rows)
    if speeds:
        medians = [
            [
                "before" if path == arguments.before else "now",
                f"{statistics.median(run.words_per_s for run in runs):,.0f}",
                f"{statistics.median(run.wall_s for run in runs):.2f}",
            ]
            for path, runs in speeds.items()
        ]
        table += "\n" + markdown_table(["", "words/s of training", "seconds of the run"], medians)
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    arguments.output.with_name(arguments.output.name + ".md").write_text(table, encoding="utf-8")
    print(json.dumps(machine_facts(), indent=2))
    print(table)


if __name__ == "__main__":
    main()
