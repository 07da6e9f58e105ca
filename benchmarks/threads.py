"""Threads of one machine: how fast they train together, and what holds them back.

    python benchmarks/threads.py CORPUS.txt
    python benchmarks/threads.py CORPUS.txt --modes skip-gram/negative-sampling:300 --threads 1 8 32 --seconds 5

CORPUS.txt is lower-cased text, tokenized by white space. A mode is ARCHITECTURE/LOSS:DIMENSIONS, or glove:DIMENSIONS.
Each number of threads trains chunks of the same corpus in several arrangements:

shared    All threads change the same weights without locks, as they do in training.
groups    Threads in groups of --groups share weights, and each group has its own. Groups never merge here, so this is
          an upper bound of the speed of groups that do.
separate  Each thread has weights of its own. They are as large, but no thread touches those of another one.

What "separate" loses is what the processor lacks when all of its cores work: clock, memory bandwidth, cache. What only
"shared" loses is contention: a core waits for rows that another core has just changed. Efficiency is the speed of N
threads divided by N times the speed of one. Medians over interleaved rounds.
"""

import argparse
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

import spacy
from common import argument_parser, cut_corpus, interleave, log, markdown_table, start_at_zero, write_results
from matplotlib.figure import Figure

from spacy_w2v._arrays import AnyWeights
from spacy_w2v._system.blas import single_threaded_blas
from spacy_w2v._system.cores import available_cores
from spacy_w2v.config._schema import W2VSettings, parse_settings
from spacy_w2v.objectives._registry import objective_of
from spacy_w2v.sources._iterables import as_source
from spacy_w2v.training._run import TrainingRun
from spacy_w2v.training._work import Work, Worker, make_work
from spacy_w2v.training.callbacks._callback import RunCallback

MODES = (
    "skip-gram/negative-sampling:100",
    "skip-gram/negative-sampling:300",
    "cbow/negative-sampling:100",
    "skip-gram/hierarchical-softmax:100",
    "cbow/hierarchical-softmax:100",
    "glove:100",
)

Measurement = dict[str, Any]  # Any: numbers and names, as they stand in JSON


class Trainable(NamedTuple):
    """A mode that is ready to be measured."""

    settings: W2VSettings
    work: Work
    weights: AnyWeights


def settings_of(mode: str, arguments: argparse.Namespace) -> W2VSettings:
    objective, _, vector_size = mode.partition(":")
    architecture, _, loss = objective.rpartition("/")
    model: dict[str, Any] = {"loss": loss, "vector_size": int(vector_size)}  # Any: values of settings
    if architecture:
        model["architecture"] = architecture
    return parse_settings(
        {
            "tokens": {"tokenizer": "whitespace"},
            "vocabulary": {"max_final_vocab": arguments.max_final_vocab},
            "model": model,
            "training": {"workers": max(arguments.threads), "kernel": arguments.kernel},
        }
    )


@contextmanager
def trainable(mode: str, corpus: Path, *, cache_dir: Path, arguments: argparse.Namespace) -> Iterator[Trainable]:
    """Prepare a mode: corpus, vocabulary, counts if it needs them, tables and untrained weights."""
    run = TrainingRun(as_source(corpus), spacy.blank("en"), settings_of(mode, arguments), cache_dir=cache_dir)
    with run.prepare(RunCallback(), None) as prepared, run.work_items(prepared, RunCallback()) as items:
        built = run.build(prepared, items, RunCallback())
        objective = objective_of(run.settings.model)
        with single_threaded_blas() if objective.needs_one_blas_thread else nullcontext():
            weights = objective.weights(built.parameters, prepared.inputs)
            yield Trainable(run.settings, make_work(run.settings, built), weights)


def copy_of(weights: AnyWeights) -> AnyWeights:
    return type(weights)(*(array.copy() for array in weights))


def name_of(n_threads: int, n_sharing: int) -> str:
    """Return what an arrangement is called, by the number of threads that share weights."""
    return {1: "separate", n_threads: "shared"}.get(n_sharing, f"groups of {n_sharing}")


def speed(mode: Trainable, *, n_threads: int, n_sharing: int, seconds: float) -> float:
    """Train with threads for some seconds, and return the words per second of all together."""
    work = replace(mode.work, settings=mode.work.settings._replace(workers=n_sharing))
    numbers, barrier = count(), threading.Barrier(n_threads)
    rates: list[float] = []

    def run(weights: AnyWeights) -> None:
        worker = Worker(work, weights)
        worker.run(0)
        barrier.wait()
        n_words, start = 0, time.perf_counter()
        while (taken := time.perf_counter() - start) < seconds:
            n_words += worker.run(next(numbers) % work.plan.n_tasks).task.size
        rates.append(n_words / taken)

    copies = [mode.weights, *(copy_of(mode.weights) for _ in range(n_threads // n_sharing - 1))]
    threads = [threading.Thread(target=run, args=[weights]) for weights in copies for _ in range(n_sharing)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    words_per_s = sum(rates)
    log(threads=n_threads, weights=name_of(n_threads, n_sharing), words_per_s=words_per_s)
    return words_per_s


def measure(mode: str, corpus: Path, *, cache_dir: Path, arguments: argparse.Namespace) -> Iterator[Measurement]:
    """Yield the speeds of a mode, for each number of threads in each arrangement."""
    log(mode=mode)
    with trainable(mode, corpus, cache_dir=cache_dir, arguments=arguments) as ready:
        Worker(ready.work, copy_of(ready.weights)).warm_up()
        tasks = {
            (n_threads, n_sharing): partial(
                speed, ready, n_threads=n_threads, n_sharing=n_sharing, seconds=arguments.seconds
            )
            for n_threads in arguments.threads
            for n_sharing in sorted({1, n_threads, *arguments.groups}, reverse=True)
            if n_threads % n_sharing == 0
        }
        rounds = interleave(tasks, rounds=arguments.rounds)
    one = statistics.median(rounds[1, 1])
    for (n_threads, n_sharing), speeds in rounds.items():
        words_per_s = statistics.median(speeds)
        yield {
            "mode": mode,
            "threads": n_threads,
            "weights": name_of(n_threads, n_sharing),
            "words_per_s": words_per_s,
            "efficiency": words_per_s / (n_threads * one),
            "rounds": speeds,
        }


def table_of(measurements: list[Measurement]) -> str:
    names = sorted(dict.fromkeys(row["weights"] for row in measurements), key=lambda name: name == "separate")
    rows: dict[tuple[str, int], dict[str, Measurement]] = {}
    for row in measurements:
        rows.setdefault((row["mode"], row["threads"]), {})[row["weights"]] = row
    return markdown_table(
        ["mode", "threads", *(f"{name}: words/s (efficiency)" for name in names)],
        (
            [
                mode,
                str(n_threads),
                *(
                    f"{of[name]['words_per_s']:,.0f} ({of[name]['efficiency']:.2f})" if name in of else ""
                    for name in names
                ),
            ]
            for (mode, n_threads), of in rows.items()
        ),
    )


def plot_of(measurements: list[Measurement]) -> Figure:
    modes = list(dict.fromkeys(row["mode"] for row in measurements))
    figure = Figure(figsize=(3.5 * len(modes), 3.5), layout="constrained")
    for axes, mode in zip(figure.subplots(1, len(modes), squeeze=False)[0], modes, strict=True):
        of_mode = [row for row in measurements if row["mode"] == mode]
        for name in dict.fromkeys(row["weights"] for row in of_mode):
            rows = [row for row in of_mode if row["weights"] == name or row["threads"] == 1]
            axes.plot([row["threads"] for row in rows], [row["words_per_s"] / 1e6 for row in rows], "o-", label=name)
        axes.set_title(mode, fontsize=8)
        axes.set_xlabel("threads")
        start_at_zero(axes)
    figure.axes[0].set_ylabel("million words per second")
    figure.axes[0].legend()
    return figure


def powers_of_two(largest: int) -> list[int]:
    """Return 1, 2, 4 and so on, and the largest."""
    return [2**power for power in range(largest.bit_length()) if 2**power < largest] + [largest]


def main() -> None:
    parser = argument_parser(__doc__, name="threads")
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--modes", nargs="+", default=MODES)
    parser.add_argument("--threads", type=int, nargs="+", help="1 must be among them; default: powers of two")
    parser.add_argument("--groups", type=int, nargs="+", default=[], help="threads per group, for groups")
    parser.add_argument("--kernel", choices=["blocked", "sequential"], default="blocked")
    parser.add_argument("--words", type=int, help="length of the corpus; default: all of it")
    parser.add_argument("--max-final-vocab", type=int, help="raise min_count until no more words are left")
    parser.add_argument("--seconds", type=float, default=3.0, help="for each number of threads in each round")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    arguments.threads = sorted({1, *(arguments.threads or powers_of_two(available_cores()))})
    measurements: list[Measurement] = []
    with tempfile.TemporaryDirectory() as temporary:
        corpus = Path(temporary, "corpus.txt")
        n_words = cut_corpus(arguments.corpus, corpus, n_words=arguments.words)
        for mode in arguments.modes:
            measurements += measure(mode, corpus, cache_dir=Path(temporary, "cache"), arguments=arguments)
            write_results(
                arguments.output,
                settings={
                    "corpus": arguments.corpus.name, "words": n_words, "kernel": arguments.kernel,
                    "max_final_vocab": arguments.max_final_vocab, "seconds": arguments.seconds,
                },
                measurements=measurements,
                table=table_of(measurements),
                plot=plot_of(measurements),
            )  # fmt: skip


if __name__ == "__main__":
    main()
