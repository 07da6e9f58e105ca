"""Do predicting and counting find the same? Products of trained vectors beside the counts that they should fit.

    python benchmarks/pmi.py CORPUS.txt
    python benchmarks/pmi.py CORPUS.txt --words 3000000 --vector-size 300

CORPUS.txt is lower-cased text, tokenized by white space. Skip-gram with negative sampling and GloVe are trained on the
same lines, without subsampling. Co-occurrences are counted here, independently of the package, with the weights that
windows of word2vec have in expectation: a pair at distance d counts (window + 1 - d) / window. GloVe is trained on
counts with these weights too.

For cells of this matrix, x.y of skip-gram is compared with PMI - log k, where the probability of a word is that of the
noise (Levy & Goldberg 2014), and x.y + b + b' of GloVe with the logarithm of the count. Cells are drawn from all with
the same probability, in proportion to their counts as a reader of the text meets them, and from each range of counts.
"""

import argparse
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from common import argument_parser, cut_corpus, log, markdown_table, train_ours, write_results
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.stats import pearsonr, spearmanr

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NS_EXPONENT = 0.75
"""The default of the setting: noise words are drawn in proportion to their counts to this power."""
SKIP_GRAM, GLOVE = "skip-gram", "GloVe"
PAIRS_AT_A_TIME = 100_000
PLOTTED = 1500
"""Cells of each range of counts that are drawn into the plot."""
ALL, AS_READ, NEVER = "all", "all, by count", "0"

Floats = NDArray[np.float64]
Ids = NDArray[np.int64]
Measurement = dict[str, Any]  # Any: numbers and names, as they stand in JSON


class Cells(NamedTuple):
    """Some cells of the co-occurrence matrix, with where they were drawn from."""

    drawn_from: str
    words: Ids
    contexts: Ids


def token_ids(corpus: Path, words: list[str]) -> tuple[Ids, Ids]:
    """Return the word and the line of each token that is in the vocabulary."""
    rank = {word: number for number, word in enumerate(words)}
    ids, lines = [], []
    with corpus.open(encoding="utf-8") as file:
        for number, line in enumerate(file):
            known = [rank[word] for word in line.split() if word in rank]
            ids.append(np.array(known, np.int64))
            lines.append(np.full(len(known), number))
    return np.concatenate(ids), np.concatenate(lines)


def counts_of(ids: Ids, lines: Ids, *, n_words: int, window: int) -> csr_array:
    """Return the co-occurrence matrix, v × v, with a weight of (window + 1 - d) / window at distance d."""
    total = csr_array((n_words, n_words))
    for distance in range(1, window + 1):
        same_line = lines[distance:] == lines[:-distance]
        first, second = ids[:-distance][same_line], ids[distance:][same_line]
        weights = np.full(first.size, (window + 1 - distance) / window)
        total = total + csr_array((weights, (first, second)), shape=total.shape)
    return (total + total.T).tocsr()


def draw_cells(counts: csr_array, generator: np.random.Generator, *, n_pairs: int) -> Iterator[Cells]:
    """Yield cells drawn from all, from each range of counts, and pairs of words that never occur together."""
    matrix = counts.tocoo()
    words, contexts = (index.astype(np.int64) for index in matrix.coords)

    def draw(name: str, among: Ids, shares: Floats | None = None) -> Cells:
        chosen = generator.choice(among, min(n_pairs, among.size), replace=shares is not None, p=shares)
        return Cells(name, words[chosen], contexts[chosen])

    yield draw(ALL, np.arange(words.size))
    yield draw(AS_READ, np.arange(words.size), matrix.data / matrix.data.sum())
    octaves = np.clip(np.floor(np.log2(matrix.data)), -1, 14).astype(int)
    for octave in range(-1, 14, 2):
        among = np.flatnonzero((octaves == octave) | (octaves == octave + 1))
        if among.size >= 2:
            yield draw(f"{2.0**octave:g} to {2 ** (octave + 2)}" if octave >= 0 else "up to 2", among)
    # words in proportion to their counts: that these pairs never occur says something
    shares = np.asarray(counts.sum(axis=1)).ravel()
    pairs = generator.choice(shares.size, (2, 20 * n_pairs), p=shares / shares.sum())
    never = np.asarray(counts[pairs[0], pairs[1]]).ravel() == 0
    if never.any():
        yield Cells(NEVER, *pairs[:, never][:, :n_pairs])


def products(model: Any, cells: Cells) -> Floats:  # Any: a Word2Vec
    """Return x.y of each cell, and for GloVe x.y + b + b'."""
    x, y, biases = model.input_vectors, model.output_vectors, model.parameters
    parts = []
    for start in range(0, cells.words.size, PAIRS_AT_A_TIME):
        i, j = (column[start : start + PAIRS_AT_A_TIME] for column in (cells.words, cells.contexts))
        part = np.einsum("pd,pd->p", x[i], y[j]).astype(np.float64)
        parts.append(part + biases["input_bias"][i] + biases["output_bias"][j] if "input_bias" in biases else part)
    return np.concatenate(parts)


class Theory:
    """What the products should be, by the counts."""

    def __init__(self, ids: Ids, lines: Ids, *, n_words: int, window: int, negative: int) -> None:
        self.counts = counts_of(ids, lines, n_words=n_words, window=window)
        noise = np.bincount(ids, minlength=n_words) ** NS_EXPONENT
        self.log_rows = np.log(np.asarray(self.counts.sum(axis=1)).ravel())
        self.log_noise = np.log(noise / noise.sum()) + np.log(negative)

    def expected(self, model: str, cells: Cells) -> Floats:
        """Return PMI - log k for skip-gram, and the logarithm of the count for GloVe."""
        logarithms: Floats = np.log(np.asarray(self.counts[cells.words, cells.contexts]).ravel())
        if model == GLOVE:
            return logarithms
        return logarithms - self.log_rows[cells.words] - self.log_noise[cells.contexts]


def measurement(model: str, cells: Cells, actual: Floats, expected: Floats) -> Measurement:
    """Return correlations and differences of products, or only their mean for pairs without a count."""
    found: Measurement = {"model": model, "counts": cells.drawn_from, "pairs": actual.size, "mean": actual.mean()}
    if cells.drawn_from != NEVER:
        found["pearson"] = float(pearsonr(actual, expected).statistic)
        found["spearman"] = float(spearmanr(actual, expected).statistic)
        found["expected_mean"] = expected.mean()
        found["deviation"] = float((actual - expected).std())
    return {name: float(value) if isinstance(value, np.floating) else value for name, value in found.items()}


def table_of(measurements: list[Measurement]) -> str:
    header = ["model", "dimensions", "counts", "pairs", "Pearson", "Spearman", "mean product", "mean expected", "std"]
    names = ("pearson", "spearman", "mean", "expected_mean", "deviation")
    rows = [
        [row["model"], str(row["vector_size"]), row["counts"], f"{row['pairs']:,}"]
        + [f"{row[name]:.2f}" if name in row else "–" for name in names]
        for row in measurements
    ]
    return markdown_table(header, rows)


Points = dict[str, tuple[Floats, Floats, Floats]]  # of each model: expected, actual and log2 of the count


def points_of(name: str, model: Any, theory: Theory, drawn: list[Cells]) -> tuple[Floats, Floats, Floats]:
    """Return what is drawn of a model: the cells of all ranges of counts. Any: a Word2Vec."""
    ranges = [
        Cells(cells.drawn_from, cells.words[:PLOTTED], cells.contexts[:PLOTTED])
        for cells in drawn
        if cells.drawn_from not in (ALL, AS_READ, NEVER)
    ]
    expected, octaves = (np.concatenate([theory.expected(of, cells) for cells in ranges]) for of in (name, GLOVE))
    return expected, np.concatenate([products(model, cells) for cells in ranges]), octaves / np.log(2)


def plot_of(points: Points) -> "Figure":
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 4.3), layout="constrained")
    labels = {SKIP_GRAM: ("PMI − log k", "x·y"), GLOVE: ("log X", "x·y + b + b'")}
    panels = figure.subplots(1, 2)
    for axes, (model, (expected, actual, octaves)) in zip(panels, points.items(), strict=True):
        drawn = axes.scatter(expected, actual, c=octaves, s=2, cmap="viridis", linewidths=0, alpha=0.6)
        ends = [expected.min(), expected.max()]
        axes.plot(ends, ends, color="black", linewidth=0.8)
        axes.set(title=model, xlabel=labels[model][0], ylabel=labels[model][1])
    figure.colorbar(drawn, ax=panels, label="log₂ of the count", alpha=1)
    return figure


def main() -> None:
    parser = argument_parser(__doc__, name="pmi")
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--words", type=int, help="all if not given")
    parser.add_argument("--vector-size", type=int, nargs="+", default=[100], help="the plot is of the first one")
    parser.add_argument("--window", type=int, default=5)
    parser.add_argument("--negative", type=int, default=5)
    parser.add_argument("--min-count", type=int, default=5)
    parser.add_argument("--epochs", type=int, nargs=2, default=[20, 25], help="of skip-gram and of GloVe")
    parser.add_argument("--pairs", type=int, default=5000, help="from each range of counts")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        compare(arguments, Path(temporary))


def compare(arguments: argparse.Namespace, directory: Path) -> None:
    """Train, compare, and write the results."""
    corpus, window, negative = directory / "corpus.txt", arguments.window, arguments.negative
    n_words = cut_corpus(arguments.corpus, corpus, n_words=arguments.words)
    common = {"window": window, "min_count": arguments.min_count, "seed": arguments.seed, "workers": 1, "sample": 0}
    of_models = {
        SKIP_GRAM: {"negative": negative, "ns_exponent": NS_EXPONENT, "epochs": arguments.epochs[0]},
        GLOVE: {"loss": "glove", "distance_weights": "linear", "epochs": arguments.epochs[1]},
    }
    measurements: list[Measurement] = []
    points: Points = {}
    theory, drawn = None, list[Cells]()
    for vector_size in arguments.vector_size:
        for name, settings in of_models.items():
            model = train_ours(corpus, directory / "cache", vector_size=vector_size, **common, **settings)
            if theory is None:
                ids, lines = token_ids(corpus, list(model.words))
                theory = Theory(ids, lines, n_words=len(model), window=window, negative=negative)
                drawn = list(draw_cells(theory.counts, np.random.default_rng(arguments.seed), n_pairs=arguments.pairs))
            for cells in drawn:
                actual, expected = products(model, cells), np.zeros(0)
                if cells.drawn_from != NEVER:
                    expected = theory.expected(name, cells)
                measurements.append({"vector_size": vector_size, **measurement(name, cells, actual, expected)})
                log(**measurements[-1])
            if vector_size == arguments.vector_size[0]:
                points[name] = points_of(name, model, theory, drawn)
    write_results(
        arguments.output,
        settings={"corpus": arguments.corpus.name, "words": n_words, **common, **of_models},
        measurements=measurements,
        table=table_of(measurements),
        plot=plot_of(points),
    )


if __name__ == "__main__":
    main()
