"""Words per second of training, against gensim and floret in the same interleaved run.

    python benchmarks/kernel_speed.py CORPUS.txt

CORPUS.txt is lower-cased text, tokenized by white space. Each round trains one epoch with every trainer in turn, so
that a drift of the machine's speed meets all of them; medians over rounds are reported, and their ratio to the faster
of gensim's two ways to read. Only training is timed: what comes before it (corpus encoded, vocabulary built, kernels
compiled) is not. All read the same words, unless --slow-words shortens the run: that favours the slow ones, since the
rows of a smaller vocabulary fit into the processor's cache.
"""

import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

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
from gensim.models import Word2Vec
from gensim.models.word2vec import LineSentence
from matplotlib.figure import Figure


class Setting(NamedTuple):
    vector_size: int
    sample: float
    workers: int


class Text(NamedTuple):
    path: Path
    n_words: int


def time_kernel(text: Text, setting: Setting, *, cache_dir: Path, kernel: str) -> float:
    model = train_ours(text.path, cache_dir, epochs=1, kernel=kernel, **setting._asdict())
    return model.meta["results"][-1]["words_per_s"]


def time_gensim(text: Text, setting: Setting, *, cache_dir: Path, argument: str) -> float:
    """Time `Word2Vec.train` on a file, which its threads read, or on LineSentence, the iterable of a file's lines."""
    model = Word2Vec(sg=1, negative=5, window=5, min_count=5, **setting._asdict())
    source = {argument: str(text.path) if argument == "corpus_file" else LineSentence(str(text.path))}
    model.build_vocab(**source)
    start = time.perf_counter()
    model.train(**source, total_words=text.n_words, total_examples=model.corpus_count, epochs=1)
    return text.n_words / (time.perf_counter() - start)


def time_floret(text: Text, setting: Setting, *, cache_dir: Path) -> float:
    """Time an epoch as what a second one adds, since one call counts words, makes the weights and trains.

    With maxn=0 there are no subwords, and the model is word2vec's skip-gram.
    """
    import floret

    def seconds(epochs: int) -> float:
        start = time.perf_counter()
        floret.train_unsupervised(
            str(text.path), model="skipgram", loss="ns", minn=0, maxn=0, neg=5, ws=5, minCount=5, lr=0.025, verbose=0,
            dim=setting.vector_size, t=setting.sample, thread=setting.workers, epoch=epochs,
        )  # fmt: skip
        return time.perf_counter() - start

    return text.n_words / (seconds(2) - seconds(1))


TRAINERS: dict[str, Callable[..., float]] = {
    "blocked": partial(time_kernel, kernel="blocked"),
    "sequential": partial(time_kernel, kernel="sequential"),
    "gensim corpus_file": partial(time_gensim, argument="corpus_file"),
    "gensim corpus_iterable": partial(time_gensim, argument="corpus_iterable"),
    "floret": time_floret,
}
FAST = ("blocked",)

Measurement = dict[str, Any]  # Any: numbers and names, as they stand in JSON


def measure(trainer: str, text: Text, *, setting: Setting, cache_dir: Path) -> float:
    words_per_s = TRAINERS[trainer](text, setting, cache_dir=cache_dir)
    log(trainer=trainer, **setting._asdict(), words_per_s=words_per_s)
    return words_per_s


def summary(setting: Setting, rates: dict[str, list[float]]) -> list[Measurement]:
    """Return a measurement for each trainer: median, all rounds, and the ratio to gensim where it was run."""
    medians = {trainer: statistics.median(values) for trainer, values in rates.items()}
    gensim = max((median for trainer, median in medians.items() if trainer.startswith("gensim")), default=None)
    return [
        {
            **setting._asdict(),
            "trainer": trainer,
            "words_per_s": median,
            "times_gensim": median / gensim if gensim else None,
            "rounds": rates[trainer],
        }
        for trainer, median in medians.items()
    ]


def by_setting(measurements: list[Measurement]) -> dict[Setting, list[Measurement]]:
    grouped: dict[Setting, list[Measurement]] = {}
    for row in measurements:
        grouped.setdefault(Setting(*(row[field] for field in Setting._fields)), []).append(row)
    return grouped


def table_of(measurements: list[Measurement], trainers: list[str]) -> str:
    def cell(row: Measurement) -> str:
        ratio = "" if row["times_gensim"] is None else f" ({row['times_gensim']:.1f} ×)"
        return f"{round(row['words_per_s'], -3):,.0f}{ratio}"

    rows = (
        [str(setting.vector_size), f"{setting.sample:g}", str(setting.workers), *map(cell, group)]
        for setting, group in by_setting(measurements).items()
    )
    return markdown_table(["dimensions", "sample", "threads", *trainers], rows)


def plot_of(measurements: list[Measurement], trainers: list[str]) -> Figure:
    grouped = by_setting(measurements)
    figure = Figure(figsize=(4 + 1.5 * len(grouped), 4), layout="constrained")
    axes = figure.subplots()
    width = 0.8 / len(trainers)
    for place, trainer in enumerate(trainers):
        rates = [row["words_per_s"] / 1e6 for row in measurements if row["trainer"] == trainer]
        axes.bar([position + place * width for position in range(len(rates))], rates, width, label=trainer)
    labels = [f"d {setting.vector_size}\n{setting.sample:g}\nthreads {setting.workers}" for setting in grouped]
    axes.set_xticks([position + 0.4 - width / 2 for position in range(len(labels))], labels)
    axes.set_ylabel("million words/s")
    figure.legend(loc="outside right upper")
    return figure


def main() -> None:
    parser = argument_parser(__doc__, name="kernel_speed")
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--trainers", nargs="+", choices=TRAINERS, default=list(TRAINERS))
    parser.add_argument("--words", type=int, default=4_000_000)
    parser.add_argument("--slow-words", type=int, help="for all but the blocked kernel; the same words if not given")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--vector-sizes", type=int, nargs="+", default=[100, 300])
    parser.add_argument("--samples", type=float, nargs="+", default=[1e-3, 1e-4])
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    arguments = parser.parse_args()
    require_free_blas()
    trainers = arguments.trainers
    if "floret" in trainers and find_spec("floret") is None:
        print("floret is left out, as it is not installed: pip install floret")
        trainers = [trainer for trainer in trainers if trainer != "floret"]
    measurements: list[Measurement] = []
    with tempfile.TemporaryDirectory() as temporary:
        directory = Path(temporary)
        long = Text(
            directory / "long.txt", cut_corpus(arguments.corpus, directory / "long.txt", n_words=arguments.words)
        )
        short = Text(
            directory / "short.txt",
            cut_corpus(arguments.corpus, directory / "short.txt", n_words=arguments.slow_words or arguments.words),
        )
        for setting in map(Setting._make, product(arguments.vector_sizes, arguments.samples, arguments.workers)):
            tasks = {
                trainer: partial(
                    measure,
                    trainer,
                    long if trainer in FAST else short,
                    setting=setting,
                    cache_dir=directory / "cache",
                )
                for trainer in trainers
            }
            measurements += summary(setting, interleave(tasks, rounds=arguments.rounds))
            write_results(
                arguments.output,
                settings={"corpus": arguments.corpus.name, "words": long.n_words, "slow_words": short.n_words},
                measurements=measurements,
                table=table_of(measurements, trainers),
                plot=plot_of(measurements, trainers),
            )


if __name__ == "__main__":
    main()
