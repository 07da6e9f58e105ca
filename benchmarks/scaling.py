"""Cost of training a word against the length of the corpus, the size of the vocabulary, and the dimensions.

    python benchmarks/scaling.py CORPUS.txt

CORPUS.txt is lower-cased text, tokenized by white space. One thread, one epoch; medians over interleaved rounds.

length: the first words of the corpus, several times over, with min_count raised as often: the vocabulary is the same.
vocabulary: words drawn from Zipf's law (frequency of rank r is proportional to 1 / r), given to the kernel directly.
dimensions: the same text for each.

Frequent words are subsampled, and in a small vocabulary more tokens are frequent, so the cost of a pair is given too.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from common import (
    argument_parser,
    cut_corpus,
    interleave,
    log,
    markdown_table,
    start_at_zero,
    train_ours,
    write_results,
)
from matplotlib.figure import Figure

from spacy_w2v._arrays import Alphas, Chunk, IdentityInput, KernelSettings
from spacy_w2v.config._schema import ModelSettings
from spacy_w2v.kernels import TRAINING_KERNELS
from spacy_w2v.objectives._input_rows import RowPerWord
from spacy_w2v.objectives._noise import make_noise
from spacy_w2v.objectives._registry import objective_of
from spacy_w2v.objectives._subsampling import make_subsampling
from spacy_w2v.training._randomness import item_random_state

CHUNK_TOKENS = 100_000
SENTENCE_TOKENS = 1000
SAMPLE = 1e-3
PARTS = {"length": "million words", "vocabulary": "thousand types", "dimensions": "dimensions"}

Measurement = dict[str, Any]  # Any: numbers and names, as they stand in JSON


class Cost(NamedTuple):
    ns_per_word: float
    ns_per_pair: float


def train_text(corpus: Path, cache_dir: Path, *, vector_size: int, min_count: int, kernel: str) -> Cost:
    model = train_ours(
        corpus,
        cache_dir,
        vector_size=vector_size,
        min_count=min_count,
        kernel=kernel,
        sample=SAMPLE,
        epochs=1,
        workers=1,
    )
    epoch = model.meta["results"][-1]
    return Cost(1e9 / epoch["words_per_s"], 1e9 * epoch["seconds"] / epoch["n_pairs"])


def zipf_chunks(n_types: int, *, n_words: int) -> list[Chunk]:
    """Draw words from Zipf's law, in sentences, and return chunks like those of an encoded corpus."""
    shares = np.cumsum(1.0 / np.arange(1, n_types + 1))
    draws = np.random.default_rng(1).random(n_words) * shares[-1]
    words = np.searchsorted(shares, draws, side="right").astype(np.uint32)
    chunks = []
    for first in range(0, n_words, CHUNK_TOKENS):
        tokens = words[first : first + CHUNK_TOKENS].copy()
        chunk = Chunk(tokens, np.append(np.arange(0, tokens.size, SENTENCE_TOKENS), tokens.size))
        for array in chunk:
            array.flags.writeable = False
        chunks.append(chunk)
    return chunks


def train_zipf(chunks: list[Chunk], *, n_types: int, vector_size: int, kernel: str) -> Cost:
    """Train on chunks, with a vocabulary of all types, also those that so short a text lacks."""
    counts = np.ceil(100.0 * n_types / np.arange(1, n_types + 1)).astype(np.int64)
    subsampling = make_subsampling(np.arange(n_types, dtype=np.uint32), counts, sample=SAMPLE)
    noise = make_noise(counts, ns_exponent=0.75)
    objective = objective_of(ModelSettings(vector_size=vector_size))
    rows = RowPerWord(n_types)
    weights = objective.weights(objective.initial_parameters(rows, seed=1), rows)
    weights.output.fill(0.0)  # the system hands out pages of zeros at their first use, once and not in every epoch
    entry = TRAINING_KERNELS["skip-gram", "negative-sampling", kernel]
    train_chunk = entry.load()
    settings = KernelSettings(
        5, shrink_windows=True, negative=5, cbow_mean=True, block=entry.block, n_noise=entry.n_noise
    )
    alphas = Alphas(np.float32(0.025), np.float32(0.0001))

    def train(number: int) -> int:
        state = item_random_state(seed=1, epoch=0, item=number)
        _, n_pairs, _ = train_chunk(
            chunks[number], subsampling, IdentityInput(len(weights.input)), noise, weights, settings, alphas, state
        )
        return n_pairs

    train(0)  # compiles the kernel, or loads it
    start = time.perf_counter()
    n_pairs = sum(map(train, range(len(chunks))))
    nanoseconds = 1e9 * (time.perf_counter() - start)
    return Cost(nanoseconds / sum(chunk.tokens.size for chunk in chunks), nanoseconds / n_pairs)


def length_tasks(arguments: argparse.Namespace, directory: Path) -> dict[float, Callable[[], Cost]]:
    """Return a task for each number of million words."""
    once = directory / "once.txt"
    n_words = cut_corpus(arguments.corpus, once, n_words=arguments.words)
    text = once.read_text(encoding="utf-8")
    tasks: dict[float, Callable[[], Cost]] = {}
    for times in arguments.repeats:
        corpus = directory / f"repeated-{times}.txt"
        corpus.write_text(text * times, encoding="utf-8")
        tasks[times * n_words / 1e6] = partial(
            train_text, corpus, directory / "cache", min_count=5 * times, vector_size=100, kernel=arguments.kernel
        )
    return tasks


def vocabulary_tasks(arguments: argparse.Namespace, directory: Path) -> dict[float, Callable[[], Cost]]:
    """Return a task for each number of thousand types."""
    return {
        n_types / 1000: partial(
            train_zipf,
            zipf_chunks(n_types, n_words=arguments.words),
            n_types=n_types,
            vector_size=100,
            kernel=arguments.kernel,
        )
        for n_types in arguments.types
    }


def dimensions_tasks(arguments: argparse.Namespace, directory: Path) -> dict[float, Callable[[], Cost]]:
    """Return a task for each vector size."""
    corpus = directory / "corpus.txt"
    cut_corpus(arguments.corpus, corpus, n_words=arguments.words)
    return {
        vector_size: partial(
            train_text, corpus, directory / "cache", vector_size=vector_size, min_count=5, kernel=arguments.kernel
        )
        for vector_size in arguments.vector_sizes
    }


TASKS = {"length": length_tasks, "vocabulary": vocabulary_tasks, "dimensions": dimensions_tasks}


def measure(part: str, value: float, task: Callable[[], Cost]) -> Cost:
    cost = task()
    log(**{PARTS[part]: value}, **cost._asdict())
    return cost


def summary(part: str, costs: dict[float, list[Cost]]) -> Iterable[Measurement]:
    for value, rounds in costs.items():
        ns_per_word, ns_per_pair = (statistics.median(values) for values in zip(*rounds, strict=True))
        yield {
            "part": part,
            "value": value,
            "ns_per_word": ns_per_word,
            "ns_per_pair": ns_per_pair,
            "rounds": [cost._asdict() for cost in rounds],
        }


def table_of(measurements: list[Measurement]) -> str:
    rows = (
        [
            row["part"],
            f"{row['value']:,g} {PARTS[row['part']]}",
            f"{row['ns_per_word']:.0f}",
            f"{row['ns_per_pair']:.1f}",
        ]
        for row in measurements
    )
    return markdown_table(["cost against", "", "ns per word", "ns per pair"], rows)


def plot_of(measurements: list[Measurement]) -> Figure:
    parts = list(dict.fromkeys(row["part"] for row in measurements))
    figure = Figure(figsize=(4.5 * len(parts), 3.5), layout="constrained")
    for axes, part in zip(figure.subplots(1, len(parts), squeeze=False)[0], parts, strict=True):
        rows = [row for row in measurements if row["part"] == part]
        axes.plot([row["value"] for row in rows], [row["ns_per_word"] for row in rows], "o-")
        axes.set_xlabel(PARTS[part])
        axes.set_ylabel("ns per word")
        start_at_zero(axes)
        if part != "dimensions":
            axes.set_xscale("log")
    return figure


def main() -> None:
    parser = argument_parser(__doc__, name="scaling")
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--kernel", choices=["blocked", "sequential"], default="blocked")
    parser.add_argument("--words", type=int, default=1_000_000)
    parser.add_argument("--repeats", type=int, nargs="+", default=[1, 2, 4, 8, 16], help="for length")
    parser.add_argument("--types", type=int, nargs="+", default=[10_000, 100_000, 1_000_000, 2_000_000])
    parser.add_argument("--vector-sizes", type=int, nargs="+", default=[50, 100, 200, 300, 400])
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    measurements: list[Measurement] = []
    for part in arguments.parts:
        with tempfile.TemporaryDirectory() as temporary:
            tasks = {
                value: partial(measure, part, value, task)
                for value, task in TASKS[part](arguments, Path(temporary)).items()
            }
            measurements += summary(part, interleave(tasks, rounds=arguments.rounds))
        write_results(
            arguments.output,
            settings={"corpus": arguments.corpus.name, "words": arguments.words, "kernel": arguments.kernel},
            measurements=measurements,
            table=table_of(measurements),
            plot=plot_of(measurements),
        )


if __name__ == "__main__":
    main()
