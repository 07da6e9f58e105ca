"""Quality of the vectors against gensim's: word similarity and analogies, over several seeds.

    python benchmarks/quality.py CORPUS.txt
    python benchmarks/quality.py gensim-wiki --trainers blocked:1 sequential:1 --epochs 20 --min-count 3 \
        --alphas 0.025 0.05 0.1
    python benchmarks/quality.py CORPUS.txt --architectures skip-gram cbow \
        --losses negative-sampling hierarchical-softmax --cbow-alphas 0.025 0.05
    python benchmarks/quality.py CORPUS.txt --losses softmax negative-sampling --max-final-vocab 5000 --words 1000000
    python benchmarks/quality.py CORPUS.txt --optimize accuracy --output results/accuracy

CORPUS.txt is lower-cased text, tokenized by white space; gensim-wiki stands for the Wikipedia excerpt that gensim
bundles. All trainers read the same lines with the same hyper-parameters, and all vectors are scored by
`spacy_w2v.evaluate`. The loss per pair is that of the last epoch; gensim's is left out, as it is summed in 32 bits.
Results are written after each run, and runs that OUTPUT.json already has are not repeated.

--optimize compares a preset with gensim at its defaults, at the same settings and in the same time, with seconds and
confidence intervals. It takes the epochs, the learning rate and `sample` from the preset; presets.py describes it.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import presets
from common import (
    argument_parser,
    cut_corpus,
    finished_runs,
    log,
    markdown_table,
    raised_min_count,
    train_ours,
    write_results,
)
from gensim.models import KeyedVectors, Word2Vec
from objectives import ARCHITECTURES, LOSSES, add_objectives, can_train, gensim_settings

import spacy_w2v

if TYPE_CHECKING:
    from matplotlib.figure import Figure

GENSIM_WIKI = "gensim-wiki"
MEASURES = ("WordSim-353", "SimLex-999", "Google analogies")
RUN = ("architecture", "loss", "trainer", "alpha", "seed")  # what tells one run from another

Run = dict[str, Any]  # Any: numbers and names, as they stand in JSON


def write_gensim_wiki(path: Path, cache_dir: Path) -> None:
    """Write the bundled excerpt as the tokens of a blank English pipeline, a paragraph a line."""
    with path.open("w", encoding="utf-8") as file:
        for words in spacy_w2v.tokenize(spacy_w2v.gensim_wiki(), cache_dir=cache_dir):
            file.write(" ".join(words) + "\n")


class Trained(NamedTuple):
    vectors: spacy_w2v.Word2Vec | KeyedVectors
    loss_per_pair: float | None
    """Of the last epoch, if the program tells it."""


def train_kernel(corpus: Path, cache_dir: Path, **settings: Any) -> Trained:  # Any: hyper-parameters by name
    model = train_ours(corpus, cache_dir, **settings)
    return Trained(model, model.meta["results"][-1]["loss"])


def train_gensim(
    corpus: Path,
    cache_dir: Path,
    *,
    architecture: str,
    loss: str,
    negative: int,
    **settings: Any,  # Any: hyper-parameters by name
) -> Trained:
    mode = gensim_settings(architecture, loss, negative=negative)
    return Trained(Word2Vec(corpus_file=str(corpus), **mode, **settings).wv, None)


TRAINERS: dict[str, Callable[..., Trained]] = {
    "blocked": partial(train_kernel, kernel="blocked"),
    "sequential": partial(train_kernel, kernel="sequential"),
    "gensim": train_gensim,
}


def score(vectors: spacy_w2v.Word2Vec | KeyedVectors, *, restrict_vocab: int) -> dict[str, float | None]:
    """Return Spearman's rank correlations and the share of analogies solved, or None where words are missing."""
    scores = spacy_w2v.evaluate(vectors, restrict_vocab=restrict_vocab)
    spearman = {name: score.spearman for name, score in scores.word_pairs.items()}
    return spearman | {name: score.accuracy for name, score in scores.analogies.items()}


def groups(runs: list[Run]) -> dict[tuple[Any, ...], list[Run]]:  # Any: names and the learning rate
    """Return the runs that differ by their seeds only."""

    def place(run: Run) -> tuple[int, int, float]:
        return LOSSES.index(run["loss"]), ARCHITECTURES.index(run["architecture"]), run["alpha"]

    grouped: dict[tuple[Any, ...], list[Run]] = {}
    for run in sorted(runs, key=place):
        grouped.setdefault(tuple(run[name] for name in RUN if name != "seed"), []).append(run)
    return grouped


def table_of(runs: list[Run]) -> str:
    def cell(values: list[float | None], *, factor: float, digits: int) -> str:
        scaled = [factor * value for value in values if value is not None]
        if not scaled:
            return "–"
        mean = f"{statistics.mean(scaled):.{digits}f}"
        return f"{mean} ± {statistics.stdev(scaled):.{digits}f}" if len(scaled) > 1 else mean

    rows = (
        [
            architecture,
            loss,
            trainer,
            f"{alpha:g}",
            str(len(group)),
            cell([run["loss_per_pair"] for run in group], factor=1, digits=3),
            *(cell([run[measure] for run in group], factor=100, digits=1) for measure in MEASURES),
        ]
        for (architecture, loss, trainer, alpha), group in groups(runs).items()
    )
    header = ["architecture", "loss", "trainer:workers", "alpha", "seeds", "loss per pair"]
    return markdown_table([*header, *(f"{measure} × 100" for measure in MEASURES)], rows)


def plot_of(runs: list[Run]) -> "Figure":
    """Draw the score of each seed as a point, and the means as bars."""
    from matplotlib.figure import Figure  # an extra, which tests do without

    grouped = groups(runs)
    figure = Figure(figsize=(3 + 3 * len(MEASURES), 1.5 + 0.35 * len(grouped)), layout="constrained")
    labels = [f"{architecture}, {loss}, {trainer}, {alpha:g}" for architecture, loss, trainer, alpha in grouped]
    all_axes = figure.subplots(1, len(MEASURES), sharey=True)
    for axes, measure in zip(all_axes, MEASURES, strict=True):
        for position, group in enumerate(grouped.values()):
            scores = [100 * run[measure] for run in group if run[measure] is not None]
            axes.barh(position, statistics.mean(scores) if scores else 0, color="tab:blue", alpha=0.4)
            axes.plot(scores, [position] * len(scores), ".", color="black")
        axes.set_title(f"{measure} × 100")
    all_axes[0].set_yticks(range(len(labels)), labels)
    all_axes[0].invert_yaxis()
    return figure


def trainer_and_workers(text: str) -> str:
    name, _, workers = text.partition(":")
    if name not in TRAINERS or not workers.isdecimal():
        raise argparse.ArgumentTypeError(f"must be one of {', '.join(TRAINERS)}, a colon and workers, was: {text!r}")
    return text


def wanted_runs(arguments: argparse.Namespace) -> Iterator[Run]:
    """Yield what tells each run from another, and name the trainers that lack a combination."""
    for architecture, loss in product(arguments.architectures, arguments.losses):
        known = [trainer for trainer in arguments.trainers if can_train(trainer.partition(":")[0], loss=loss)]
        if left_out := [trainer for trainer in arguments.trainers if trainer not in known]:
            print(f"{', '.join(left_out)}: left out, without {architecture} and {loss}")
        alphas = arguments.cbow_alphas if architecture == "cbow" else arguments.alphas
        for alpha, seed, trainer in product(alphas or arguments.alphas, arguments.seeds, known):
            yield dict(zip(RUN, (architecture, loss, trainer, alpha, seed), strict=True))


def train_and_score(run: Run, corpus: Path, cache_dir: Path, *, training: dict[str, Any], restrict_vocab: int) -> Run:
    name, _, workers = run["trainer"].partition(":")
    settings = {field: run[field] for field in RUN if field != "trainer"}
    start = time.perf_counter()
    trained = TRAINERS[name](corpus, cache_dir, workers=int(workers), **settings, **training)
    seconds = time.perf_counter() - start
    scores = score(trained.vectors, restrict_vocab=restrict_vocab)
    return {**run, "seconds": seconds, "loss_per_pair": trained.loss_per_pair, **scores}


def measure_all(arguments: argparse.Namespace, corpus: Path, cache_dir: Path) -> None:
    """Make the runs that OUTPUT.json lacks."""
    training = {"vector_size": arguments.vector_size, "window": 5, "negative": 5, "min_alpha": 1e-4}
    training |= {"epochs": arguments.epochs, "sample": arguments.sample, "min_count": arguments.min_count}
    settings = {"corpus": Path(arguments.corpus).name, "words": arguments.words, **training}
    settings |= {"max_final_vocab": arguments.max_final_vocab, "restrict_vocab": arguments.restrict_vocab}
    for wanted in wanted_runs(arguments):
        if any(wanted.items() <= run.items() for run in finished_runs(arguments.output, settings)):
            continue
        run = train_and_score(wanted, corpus, cache_dir, training=training, restrict_vocab=arguments.restrict_vocab)
        runs = [*finished_runs(arguments.output, settings), run]  # read again: another call may have added its own
        log(**runs[-1])
        write_results(arguments.output, settings=settings, measurements=runs, table=table_of(runs), plot=plot_of(runs))


def parse_arguments() -> argparse.Namespace:
    parser = argument_parser(__doc__, name="quality")
    parser.add_argument("corpus", help=f"a text file, or {GENSIM_WIKI}")
    parser.add_argument(
        "--trainers", type=trainer_and_workers, nargs="+", metavar="NAME:WORKERS",
        default=["blocked:1", "blocked:2", "sequential:1", "gensim:1"],
    )  # fmt: skip
    add_objectives(parser)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--alphas", type=float, nargs="+", default=[0.025])
    parser.add_argument("--cbow-alphas", type=float, nargs="+", help="for cbow; the same if not given")
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--vector-size", type=int, default=100)
    parser.add_argument("--min-count", type=int, default=5)
    parser.add_argument("--sample", type=float, default=1e-3)
    parser.add_argument("--words", type=int, help="only the first words of the text file")
    parser.add_argument("--restrict-vocab", type=int, default=30_000, help="most frequent words, for analogies")
    presets.add_arguments(parser)
    arguments = parser.parse_args()
    if arguments.optimize is not None and (len(arguments.architectures), len(arguments.losses)) != (1, 1):
        parser.error("--optimize compares one architecture with one loss. Name one of each.")
    return arguments


def main() -> None:
    arguments = parse_arguments()
    with tempfile.TemporaryDirectory() as temporary:
        corpus, cache_dir = Path(temporary, "corpus.txt"), Path(temporary, "cache")
        if arguments.corpus == GENSIM_WIKI:
            write_gensim_wiki(corpus, cache_dir)
        else:
            cut_corpus(Path(arguments.corpus), corpus, n_words=arguments.words)
        arguments.min_count = raised_min_count(
            corpus, min_count=arguments.min_count, max_final_vocab=arguments.max_final_vocab
        )
        if arguments.optimize is None:
            measure_all(arguments, corpus, cache_dir)
        else:
            presets.compare(arguments, corpus)


if __name__ == "__main__":
    main()
