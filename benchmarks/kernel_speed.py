"""Words per second of training, against gensim and floret in the same interleaved run.

    python benchmarks/kernel_speed.py CORPUS.txt
    python benchmarks/kernel_speed.py CORPUS.txt --architectures skip-gram cbow \
        --losses negative-sampling hierarchical-softmax --vector-sizes 100 --samples 1e-3 --workers 1
    python benchmarks/kernel_speed.py CORPUS.txt --losses softmax negative-sampling --max-final-vocab 5000 \
        --trainers blocked "gensim corpus_file" --vector-sizes 100 --samples 1e-3 --workers 1 --words 1000000

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
    raised_min_count,
    require_free_blas,
    train_ours,
    write_results,
)
from gensim.models import Word2Vec
from gensim.models.word2vec import LineSentence
from matplotlib.figure import Figure
from objectives import add_objectives, can_train, floret_settings, gensim_settings


class Setting(NamedTuple):
    architecture: str
    loss: str
    vector_size: int
    sample: float
    workers: int


class Text(NamedTuple):
    path: Path
    n_words: int
    min_count: int


def time_kernel(text: Text, setting: Setting, *, cache_dir: Path, kernel: str) -> float:
    model = train_ours(text.path, cache_dir, epochs=1, kernel=kernel, min_count=text.min_count, **setting._asdict())
    return model.meta["results"][-1]["words_per_s"]


def time_gensim(text: Text, setting: Setting, *, cache_dir: Path, argument: str) -> float:
    """Time `Word2Vec.train` on a file, which its threads read, or on LineSentence, the iterable of a file's lines."""
    model = Word2Vec(
        **gensim_settings(setting.architecture, setting.loss),
        window=5,
        min_count=text.min_count,
        vector_size=setting.vector_size,
        sample=setting.sample,
        workers=setting.workers,
    )
    source = {argument: str(text.path) if argument == "corpus_file" else LineSentence(str(text.path))}
    model.build_vocab(**source)
    start = time.perf_counter()
    model.train(**source, total_words=text.n_words, total_examples=model.corpus_count, epochs=1)
    return text.n_words / (time.perf_counter() - start)


def time_floret(text: Text, setting: Setting, *, cache_dir: Path) -> float:
    """Time an epoch as what a second one adds, since one call counts words, makes the weights and trains.

    With maxn=0 there are no subwords, and the model is word2vec's.
    """
    import floret

    def seconds(epochs: int) -> float:
        start = time.perf_counter()
        floret.train_unsupervised(
            str(text.path), **floret_settings(setting.architecture, setting.loss), minn=0, maxn=0, neg=5, ws=5,
            minCount=text.min_count, lr=0.025, verbose=0,
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
    def cell(row: Measurement | None) -> str:
        if row is None:
            return "–"
        ratio = "" if row["times_gensim"] is None else f" ({row['times_gensim']:.1f} ×)"
        return f"{round(row['words_per_s'], -3 if row['words_per_s'] >= 100_000 else -1):,.0f}{ratio}"

    rows = []
    for setting, group in by_setting(measurements).items():
        of_trainer = {row["trainer"]: row for row in group}
        names = [setting.architecture, setting.loss, str(setting.vector_size), f"{setting.sample:g}"]
        rows.append([*names, str(setting.workers), *(cell(of_trainer.get(trainer)) for trainer in trainers)])
    return markdown_table(["architecture", "loss", "dimensions", "sample", "threads", *trainers], rows)


def plot_of(measurements: list[Measurement], trainers: list[str]) -> Figure:
    grouped = by_setting(measurements)
    figure = Figure(figsize=(4 + 1.5 * len(grouped), 4), layout="constrained")
    axes = figure.subplots()
    width = 0.8 / len(trainers)
    for place, trainer in enumerate(trainers):
        rates = {
            position + place * width: row["words_per_s"] / 1e6
            for position, group in enumerate(grouped.values())
            for row in group
            if row["trainer"] == trainer
        }
        axes.bar(list(rates), list(rates.values()), width, label=trainer)
    labels = [
        f"{setting.architecture}\n{setting.loss}\nd {setting.vector_size}, {setting.sample:g}\n"
        f"threads {setting.workers}"
        for setting in grouped
    ]
    axes.set_xticks([position + 0.4 - width / 2 for position in range(len(labels))], labels)
    axes.set_ylabel("million words/s")
    figure.legend(loc="outside right upper")
    return figure


def cut_text(corpus: Path, path: Path, *, n_words: int, max_final_vocab: int | None) -> Text:
    n_written = cut_corpus(corpus, path, n_words=n_words)
    return Text(path, n_written, raised_min_count(path, min_count=5, max_final_vocab=max_final_vocab))


def main() -> None:
    parser = argument_parser(__doc__, name="kernel_speed")
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--trainers", nargs="+", choices=TRAINERS, default=list(TRAINERS))
    add_objectives(parser)
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
        cut = partial(cut_text, arguments.corpus, max_final_vocab=arguments.max_final_vocab)
        long = cut(directory / "long.txt", n_words=arguments.words)
        short = cut(directory / "short.txt", n_words=arguments.slow_words or arguments.words)
        dimensions = (arguments.architectures, arguments.losses)
        dimensions += (arguments.vector_sizes, arguments.samples, arguments.workers)
        for setting in map(Setting._make, product(*dimensions)):
            tasks = {
                trainer: partial(
                    measure,
                    trainer,
                    long if trainer in FAST else short,
                    setting=setting,
                    cache_dir=directory / "cache",
                )
                for trainer in trainers
                if can_train(trainer.partition(" ")[0], loss=setting.loss)
            }
            measurements += summary(setting, interleave(tasks, rounds=arguments.rounds))
            write_results(
                arguments.output,
                settings={
                    "corpus": arguments.corpus.name,
                    "words": long.n_words,
                    "slow_words": short.n_words,
                    "max_final_vocab": arguments.max_final_vocab,
                },
                measurements=measurements,
                table=table_of(measurements, trainers),
                plot=plot_of(measurements, trainers),
            )


if __name__ == "__main__":
    main()
