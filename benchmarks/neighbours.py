"""Do the losses find the same neighbours? The share of nearest words that two trainings have in common.

    python benchmarks/neighbours.py CORPUS.txt

CORPUS.txt is lower-cased text, tokenized by white space. A model is trained for each loss and seed, on the same words;
for each word of the vocabulary, the words nearest to it in one model (by cosine) are looked up among those in another.
The mean share over the vocabulary is given for each two losses, over all pairs of different seeds: that of a loss with
itself shows what a new seed alone changes. By default the vocabulary is one that a full softmax can bear.
"""

import statistics
import tempfile
from itertools import combinations_with_replacement, permutations
from pathlib import Path
from typing import Any

import numpy as np
from common import argument_parser, cut_corpus, log, markdown_table, raised_min_count, train_ours, write_results
from matplotlib.figure import Figure
from numpy.typing import NDArray
from objectives import add_objectives

Neighbours = NDArray[np.int64]  # v × n ids of words, in no order
Measurement = dict[str, Any]  # Any: numbers and names, as they stand in JSON


def nearest(vectors: NDArray[np.float32], *, n_neighbours: int) -> Neighbours:
    """Return the ids of the words nearest to each word, itself left out."""
    normalised = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    neighbours = np.empty((len(vectors), n_neighbours), np.int64)
    for word, vector in enumerate(normalised):
        similarities = normalised @ vector
        similarities[word] = -np.inf
        neighbours[word] = np.argpartition(-similarities, n_neighbours)[:n_neighbours]
    return neighbours


def common_share(first: Neighbours, second: Neighbours) -> float:
    """Return the mean share of neighbours in common, in [0, 1]."""
    n_common = sum(np.intersect1d(a, b, assume_unique=True).size for a, b in zip(first, second, strict=True))
    return n_common / first.size


def summary(architecture: str, neighbours: dict[tuple[str, int], Neighbours]) -> list[Measurement]:
    """Return a measurement for each two losses: the mean over the pairs of seeds, and all of them."""
    losses, seeds = (list(dict.fromkeys(values)) for values in zip(*neighbours, strict=True))
    measurements = []
    for first, second in combinations_with_replacement(losses, 2):
        shares = [
            common_share(neighbours[first, seed], neighbours[second, other])
            for seed, other in permutations(seeds, 2)
            if first != second or seed < other
        ]
        measurements.append(
            {
                "architecture": architecture,
                "losses": [first, second],
                "common_share": statistics.mean(shares),
                "pairs_of_seeds": shares,
            }
        )
        log(architecture=architecture, first=first, second=second, common_share=measurements[-1]["common_share"])
    return measurements


def table_of(measurements: list[Measurement]) -> str:
    rows = (
        [row["architecture"], *row["losses"], f"{row['common_share']:.1%}", str(len(row["pairs_of_seeds"]))]
        for row in measurements
    )
    return markdown_table(["architecture", "loss", "and loss", "neighbours in common", "pairs of seeds"], rows)


def plot_of(measurements: list[Measurement]) -> Figure:
    figure = Figure(figsize=(9, 1.5 + 0.35 * len(measurements)), layout="constrained")
    axes = figure.subplots()
    labels = [f"{row['architecture']}: {' and '.join(row['losses'])}" for row in measurements]
    axes.barh(labels, [row["common_share"] for row in measurements], color="tab:blue", alpha=0.4)
    for position, row in enumerate(measurements):
        axes.plot(row["pairs_of_seeds"], [position] * len(row["pairs_of_seeds"]), ".", color="black")
    axes.set_xlim(0, 1)
    axes.set_xlabel("mean share of nearest words in common")
    axes.invert_yaxis()
    return figure


def main() -> None:
    parser = argument_parser(__doc__, name="neighbours")
    parser.add_argument("corpus", type=Path)
    add_objectives(parser)
    parser.set_defaults(losses=["softmax", "negative-sampling"], max_final_vocab=5000)
    parser.add_argument("--kernel", choices=["blocked", "sequential"], default="blocked")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2], help="at least two")
    parser.add_argument("--words", type=int, default=4_000_000)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--vector-size", type=int, default=100)
    parser.add_argument("--neighbours", type=int, default=10)
    arguments = parser.parse_args()
    if len(set(arguments.seeds)) < 2:
        parser.error(f"--seeds must be at least two different ones, were: {arguments.seeds}")
    training = {"vector_size": arguments.vector_size, "epochs": arguments.epochs, "kernel": arguments.kernel}
    measurements: list[Measurement] = []
    with tempfile.TemporaryDirectory() as temporary:
        corpus, cache_dir = Path(temporary, "corpus.txt"), Path(temporary, "cache")
        cut_corpus(arguments.corpus, corpus, n_words=arguments.words)
        training["min_count"] = raised_min_count(corpus, min_count=5, max_final_vocab=arguments.max_final_vocab)
        for architecture in arguments.architectures:
            neighbours = {}
            for loss in arguments.losses:
                for seed in arguments.seeds:
                    mode = {"architecture": architecture, "loss": loss, "seed": seed}
                    model = train_ours(corpus, cache_dir, workers=1, **mode, **training)
                    log(**mode, n_words=len(model), loss_per_pair=model.meta["results"][-1]["loss"])
                    neighbours[loss, seed] = nearest(model.input_vectors, n_neighbours=arguments.neighbours)
            measurements += summary(architecture, neighbours)
            write_results(
                arguments.output,
                settings={
                    "corpus": arguments.corpus.name,
                    "words": arguments.words,
                    "neighbours": arguments.neighbours,
                    "max_final_vocab": arguments.max_final_vocab,
                    **training,
                },
                measurements=measurements,
                table=table_of(measurements),
                plot=plot_of(measurements),
            )


if __name__ == "__main__":
    main()
