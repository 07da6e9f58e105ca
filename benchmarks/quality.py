"""Quality of the vectors against gensim's: word similarity and analogies, over several seeds.

    python benchmarks/quality.py CORPUS.txt
    python benchmarks/quality.py gensim-wiki --trainers blocked:1 sequential:1 --epochs 20 --min-count 3 \
        --alphas 0.025 0.05 0.1

CORPUS.txt is lower-cased text, tokenized by white space; gensim-wiki stands for the Wikipedia excerpt that gensim
bundles. All trainers read the same lines with the same hyper-parameters, and all vectors are scored by the same
functions of gensim. Results are written after each run, and runs that OUTPUT.json already has are not repeated.
"""

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import spacy
from common import argument_parser, cut_corpus, log, markdown_table, train_ours, write_results
from gensim.models import KeyedVectors, Word2Vec
from matplotlib.figure import Figure

from spacy_w2v.api import settings_from_arguments
from spacy_w2v.corpus.cache import prepared_corpus
from spacy_w2v.corpus.gensim_wiki import make_gensim_wiki_v1
from spacy_w2v.evaluation import ANALOGIES, WORD_PAIRS, bundled, score_analogies, score_word_pairs
from spacy_w2v.export.to_gensim import make_keyed_vectors

GENSIM_WIKI = "gensim-wiki"
MEASURES = (*WORD_PAIRS, *ANALOGIES)
RUN = ("trainer", "alpha", "seed")  # what tells one run from another

Run = dict[str, Any]  # Any: numbers and names, as they stand in JSON


def write_gensim_wiki(path: Path, cache_dir: Path) -> None:
    """Write the bundled excerpt as the tokens of a blank English pipeline, a paragraph a line."""
    tokens = settings_from_arguments({}).tokens
    with (
        prepared_corpus(
            make_gensim_wiki_v1(), spacy.blank("en"), tokens, max_vocab_size=None, cache_dir=cache_dir
        ) as corpus,
        path.open("w", encoding="utf-8") as file,
    ):
        types = corpus.read_types()
        keys = dict(zip(types["id"].to_pylist(), types["key"].to_pylist(), strict=True))
        file.writelines(" ".join(map(keys.__getitem__, sentence.tolist())) + "\n" for sentence in corpus.sentences())


def train_kernel(kernel: str) -> Callable[..., KeyedVectors]:
    def train(corpus: Path, cache_dir: Path, **settings: Any) -> KeyedVectors:  # Any: hyper-parameters by name
        return make_keyed_vectors(train_ours(corpus, cache_dir, kernel=kernel, **settings))

    return train


def train_gensim(corpus: Path, cache_dir: Path, **settings: Any) -> KeyedVectors:  # Any: hyper-parameters by name
    return Word2Vec(corpus_file=str(corpus), sg=1, **settings).wv


TRAINERS = {"blocked": train_kernel("blocked"), "sequential": train_kernel("sequential"), "gensim": train_gensim}


def score(keyed_vectors: KeyedVectors, *, restrict_vocab: int) -> dict[str, float]:
    """Return Spearman's rank correlations and the share of analogies solved."""
    scores = {name: score_word_pairs(keyed_vectors, bundled(file))["spearman"] for name, file in WORD_PAIRS.items()}
    for name, file in ANALOGIES.items():
        scores[name] = score_analogies(keyed_vectors, bundled(file), restrict_vocab=restrict_vocab)["accuracy"]
    return scores


def groups(runs: list[Run]) -> dict[tuple[str, float], list[Run]]:
    """Return the runs that differ by their seeds only."""
    grouped: dict[tuple[str, float], list[Run]] = {}
    for run in runs:
        grouped.setdefault((run["trainer"], run["alpha"]), []).append(run)
    return grouped


def table_of(runs: list[Run]) -> str:
    def cell(values: list[float]) -> str:
        mean = f"{100 * statistics.mean(values):.1f}"
        return f"{mean} ± {100 * statistics.stdev(values):.1f}" if len(values) > 1 else mean

    rows = (
        [trainer, f"{alpha:g}", str(len(group)), *(cell([run[measure] for run in group]) for measure in MEASURES)]
        for (trainer, alpha), group in groups(runs).items()
    )
    return markdown_table(["trainer:workers", "alpha", "seeds", *MEASURES], rows)


def plot_of(runs: list[Run]) -> Figure:
    """Draw the score of each seed as a point, and the means as bars."""
    figure = Figure(figsize=(4 * len(MEASURES), 4), layout="constrained")
    grouped = groups(runs)
    labels = [f"{trainer}, {alpha:g}" for trainer, alpha in grouped]
    for axes, measure in zip(figure.subplots(1, len(MEASURES)), MEASURES, strict=True):
        for position, group in enumerate(grouped.values()):
            scores = [100 * run[measure] for run in group]
            axes.bar(position, statistics.mean(scores), color="tab:blue", alpha=0.4)
            axes.plot([position] * len(scores), scores, ".", color="black")
        axes.set_xticks(range(len(labels)), labels, rotation=30, ha="right")
        axes.set_title(f"{measure} × 100")
    return figure


def finished_runs(output: Path, settings: dict[str, Any]) -> list[Run]:
    """Return the runs of an earlier call. Ends the program if their settings are others."""
    path = output.with_name(output.name + ".json")
    if not path.exists():
        return []
    report = json.loads(path.read_text(encoding="utf-8"))
    if report["settings"] != settings:
        raise SystemExit(
            f"{path} must have been made with {settings}, was: {report['settings']}. Name another --output."
        )
    return report["measurements"]


def trainer_and_workers(text: str) -> str:
    name, _, workers = text.partition(":")
    if name not in TRAINERS or not workers.isdecimal():
        raise argparse.ArgumentTypeError(f"must be one of {', '.join(TRAINERS)}, a colon and workers, was: {text!r}")
    return text


def main() -> None:
    parser = argument_parser(__doc__, name="quality")
    parser.add_argument("corpus", help=f"a text file, or {GENSIM_WIKI}")
    parser.add_argument(
        "--trainers", type=trainer_and_workers, nargs="+", metavar="NAME:WORKERS",
        default=["blocked:1", "blocked:2", "sequential:1", "gensim:1"],
    )  # fmt: skip
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--alphas", type=float, nargs="+", default=[0.025])
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--vector-size", type=int, default=100)
    parser.add_argument("--min-count", type=int, default=5)
    parser.add_argument("--sample", type=float, default=1e-3)
    parser.add_argument("--words", type=int, help="only the first words of the text file")
    parser.add_argument("--restrict-vocab", type=int, default=30_000, help="most frequent words, for analogies")
    arguments = parser.parse_args()
    training = {"vector_size": arguments.vector_size, "window": 5, "negative": 5, "min_alpha": 1e-4}
    training |= {"epochs": arguments.epochs, "min_count": arguments.min_count, "sample": arguments.sample}
    settings = {"corpus": Path(arguments.corpus).name, "words": arguments.words, **training}
    settings |= {"restrict_vocab": arguments.restrict_vocab}
    runs = finished_runs(arguments.output, settings)
    done = {tuple(run[name] for name in RUN) for run in runs}
    with tempfile.TemporaryDirectory() as temporary:
        corpus, cache_dir = Path(temporary, "corpus.txt"), Path(temporary, "cache")
        if arguments.corpus == GENSIM_WIKI:
            write_gensim_wiki(corpus, cache_dir)
        else:
            cut_corpus(Path(arguments.corpus), corpus, n_words=arguments.words)
        wanted = (
            (trainer, alpha, seed)
            for alpha in arguments.alphas
            for seed in arguments.seeds
            for trainer in arguments.trainers
        )
        for trainer, alpha, seed in wanted:
            if (trainer, alpha, seed) in done:
                continue
            name, _, workers = trainer.partition(":")
            start = time.perf_counter()
            keyed_vectors = TRAINERS[name](corpus, cache_dir, workers=int(workers), alpha=alpha, seed=seed, **training)
            seconds = time.perf_counter() - start
            scores = score(keyed_vectors, restrict_vocab=arguments.restrict_vocab)
            runs.append({"trainer": trainer, "alpha": alpha, "seed": seed, "seconds": seconds, **scores})
            log(**runs[-1])
            write_results(
                arguments.output, settings=settings, measurements=runs, table=table_of(runs), plot=plot_of(runs)
            )


if __name__ == "__main__":
    main()
