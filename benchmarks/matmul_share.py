"""How much of this machine's own speed of float32 matrix products the blocked kernel reaches, on one thread.

    python benchmarks/matmul_share.py CORPUS.txt

CORPUS.txt is lower-cased text, tokenized by white space. The kernel's arithmetic is counted from the pairs and kept
words that it reports. A positive pair takes three products of vectors of d numbers (a logit, and the changes of both
rows), 6 d operations; so does each kept word with each noise word of its block. Time is that of the whole of training:
subsampling, random numbers, sigmoids and waiting for memory count as time and not as operations.

The yardsticks are np.dot of large square matrices, and the three products of a step of the kernel by BLAS calls from
compiled code: without gathering rows, without the rest. Medians over interleaved rounds.
"""

import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from common import (
    argument_parser,
    cut_corpus,
    interleave,
    log,
    markdown_table,
    require_free_blas,
    train_ours,
    write_results,
)
from matplotlib.figure import Figure
from numba import njit
from threadpoolctl import threadpool_limits

from spacy_w2v.kernels import TRAINING_KERNELS
from spacy_w2v.kernels.tiles._instructions import STEP

N_NOISE = TRAINING_KERNELS["skip-gram", "negative-sampling", "blocked"].n_noise
KERNEL, LARGE, SMALL = "kernel", "large products", "small products"

Measurement = dict[str, Any]  # Any: numbers and names, as they stand in JSON


def kernel_speed(corpus: Path, cache_dir: Path, *, vector_size: int) -> float:
    """Return the operations per second of an epoch. Its learning rate is one at which no step takes several rounds."""
    model = train_ours(corpus, cache_dir, vector_size=vector_size, epochs=1, workers=1, alpha=0.025, kernel="blocked")
    epoch = model.meta["results"][-1]
    return 6 * vector_size * (epoch["n_pairs"] + N_NOISE * epoch["n_kept"]) / epoch["seconds"]


def large_speed(size: int, *, repeats: int = 3) -> float:
    """Return the operations per second of np.dot of square matrices."""
    a, b = np.random.default_rng(1).random((2, size, size), dtype=np.float32)
    product = np.empty_like(a)
    np.dot(a, b, out=product)
    start = time.perf_counter()
    for _ in range(repeats):
        np.dot(a, b, out=product)
    return 2 * size**3 * repeats / (time.perf_counter() - start)


@njit
def _multiply_steps(inputs, noise, logits, input_changes, noise_changes, repeats):
    for _ in range(repeats):
        np.dot(inputs, noise.T, logits)
        np.dot(logits, noise, input_changes)
        np.dot(logits.T, inputs, noise_changes)


def small_speed(vector_size: int, *, repeats: int = 20_000) -> float:
    """Return the operations per second of the products of STEP input rows with N_NOISE noise rows."""
    random = np.random.default_rng(1)
    inputs, noise = (random.random((rows, vector_size), dtype=np.float32) for rows in (STEP, N_NOISE))
    arrays = (inputs, noise, np.empty((STEP, N_NOISE), np.float32), np.empty_like(inputs), np.empty_like(noise))
    _multiply_steps(*arrays, 1)  # compiles
    start = time.perf_counter()
    _multiply_steps(*arrays, repeats)
    return 6 * vector_size * STEP * N_NOISE * repeats / (time.perf_counter() - start)


def measure(name: str, task: Callable[[], float], *, vector_size: int) -> float:
    operations_per_s = task()
    log(vector_size=vector_size, what=name, gflop_per_s=operations_per_s / 1e9)
    return operations_per_s


def summary(vector_size: int, speeds: dict[str, list[float]]) -> Measurement:
    medians = {name: statistics.median(rounds) for name, rounds in speeds.items()}
    return {
        "vector_size": vector_size,
        "gflop_per_s": {name: median / 1e9 for name, median in medians.items()},
        "share_of_large": medians[KERNEL] / medians[LARGE],
        "share_of_small": medians[KERNEL] / medians[SMALL],
        "rounds": speeds,
    }


def table_of(measurements: list[Measurement]) -> str:
    rows = (
        [
            str(row["vector_size"]),
            *(f"{row['gflop_per_s'][name]:.0f}" for name in (KERNEL, LARGE, SMALL)),
            f"{row['share_of_large']:.0%}",
            f"{row['share_of_small']:.0%}",
        ]
        for row in measurements
    )
    header = ["dimensions", *(f"{name}, GFLOP/s" for name in (KERNEL, LARGE, SMALL))]
    return markdown_table([*header, "share of large", "share of small"], rows)


def plot_of(measurements: list[Measurement]) -> Figure:
    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.subplots()
    for place, name in enumerate((KERNEL, SMALL, LARGE)):
        speeds = [row["gflop_per_s"][name] for row in measurements]
        axes.bar([position + 0.25 * place for position in range(len(speeds))], speeds, 0.25, label=name)
    labels = [f"d {row['vector_size']}" for row in measurements]
    axes.set_xticks([position + 0.25 for position in range(len(labels))], labels)
    axes.set_ylabel("float32 GFLOP/s, one thread")
    axes.legend()
    return figure


def main() -> None:
    parser = argument_parser(__doc__, name="matmul_share")
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--words", type=int, default=4_000_000)
    parser.add_argument("--vector-sizes", type=int, nargs="+", default=[100, 300])
    parser.add_argument("--matrix-size", type=int, default=2048, help="rows and columns of the large matrices")
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    require_free_blas()
    measurements: list[Measurement] = []
    with tempfile.TemporaryDirectory() as temporary, threadpool_limits(limits=1, user_api="blas"):
        corpus, cache_dir = Path(temporary, "corpus.txt"), Path(temporary, "cache")
        cut_corpus(arguments.corpus, corpus, n_words=arguments.words)
        for vector_size in arguments.vector_sizes:
            tasks = {
                KERNEL: partial(kernel_speed, corpus, cache_dir, vector_size=vector_size),
                LARGE: partial(large_speed, arguments.matrix_size),
                SMALL: partial(small_speed, vector_size),
            }
            timed = {name: partial(measure, name, task, vector_size=vector_size) for name, task in tasks.items()}
            measurements.append(summary(vector_size, interleave(timed, rounds=arguments.rounds)))
            write_results(
                arguments.output,
                settings={"corpus": arguments.corpus.name, "words": arguments.words, "block_noise": N_NOISE},
                measurements=measurements,
                table=table_of(measurements),
                plot=plot_of(measurements),
            )


if __name__ == "__main__":
    main()
