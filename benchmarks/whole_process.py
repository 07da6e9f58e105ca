"""Raw text to saved KeyedVectors as whole processes: wall time and peak memory, against gensim.

    python benchmarks/whole_process.py CORPUS.txt

CORPUS.txt is lower-cased text, tokenized by white space. Every run is a fresh process: ours is the command line, with
an empty cache of corpora; gensim's is a script that trains from corpus_file and saves. Both read the same lines and
write the same KeyedVectors, ours its model besides. The kernels were compiled by a run before, save for "first ever",
whose numba cache is empty too.

A corpus repeated k times, with k times the min_count, has the same vocabulary: so does memory grow with length?
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from common import (
    argument_parser,
    cut_corpus,
    interleave,
    log,
    markdown_table,
    require_free_blas,
    start_at_zero,
    write_results,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CONFIG = """
[nlp]
lang = "en"
pipeline = []

[w2v]

[w2v.corpus]
@readers = "spacy_w2v.Dataset.v1"
path = "text"
data_files = "{corpus}"

[w2v.tokens]
tokenizer = "whitespace"
n_process = {workers}

[w2v.vocabulary]
min_count = {min_count}

[w2v.model]
vector_size = {vector_size}

[w2v.training]
epochs = {epochs}
workers = {workers}

[w2v.export]
formats = ["gensim"]
"""

GENSIM = """
from gensim.models import Word2Vec
model = Word2Vec(
    corpus_file="{corpus}", sg=1, negative=5, window=5, sample=1e-3,
    vector_size={vector_size}, min_count={min_count}, epochs={epochs}, workers={workers},
)
model.wv.save("{output}", separately=["vectors"])
"""

PEAK_UNIT = 1 if sys.platform == "darwin" else 1024  # of ru_maxrss, in bytes


class Usage(NamedTuple):
    """What a process took."""

    wall_s: float
    peak_bytes: int
    """Largest resident set."""
    vectors_bytes: int
    """Size of the saved vectors: half of the weights, which have output vectors too."""


def run_process(command: list[str], environment: dict[str, str]) -> tuple[float, int]:
    """Run a command to its end, and return wall time and the peak memory of exactly this process."""
    start = time.perf_counter()
    process = subprocess.Popen(
        command, env=os.environ | environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    errors = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    wall_s = time.perf_counter() - start
    if status != 0:
        raise SystemExit(f"{' '.join(command[:4])} failed:\n{errors}")
    return wall_s, usage.ru_maxrss * PEAK_UNIT


def run_ours(corpus: Path, numba_cache: Path | None, **settings: int) -> Usage:
    """Run `spacy w2v train`. numba_cache: where compiled kernels are kept; None for a new directory."""
    with tempfile.TemporaryDirectory() as temporary:
        directory = Path(temporary)
        config, output = directory / "config.cfg", directory / "vectors"
        config.write_text(CONFIG.format(corpus=corpus, **settings), encoding="utf-8")
        command = [sys.executable, "-m", "spacy", "w2v", "train", str(config), "--output", str(output)]
        wall_s, peak = run_process(
            [*command, "--cache-dir", str(directory / "cache")],
            {"NUMBA_CACHE_DIR": str(numba_cache or directory / "numba")},
        )
        return Usage(wall_s, peak, (output / "gensim" / "vectors.kv.vectors.npy").stat().st_size)


def run_gensim(corpus: Path, numba_cache: Path | None, **settings: int) -> Usage:
    with tempfile.TemporaryDirectory() as temporary:
        output = Path(temporary, "vectors.kv")
        script = GENSIM.format(corpus=corpus, output=output, **settings)
        wall_s, peak = run_process([sys.executable, "-c", script], {})
        return Usage(wall_s, peak, Path(f"{output}.vectors.npy").stat().st_size)


def run_first_ever(corpus: Path, numba_cache: Path | None, **settings: int) -> Usage:
    return run_ours(corpus, None, **settings)


TRAINERS: dict[str, Callable[..., Usage]] = {
    "spacy-w2v": run_ours,
    "spacy-w2v, first ever": run_first_ever,
    "gensim": run_gensim,
}

Measurement = dict[str, Any]  # Any: numbers and names, as they stand in JSON


def measure(trainer: str, corpus: Path, numba_cache: Path, *, repeats: int, **settings: int) -> Usage:
    usage = TRAINERS[trainer](corpus, numba_cache, **settings)
    log(trainer=trainer, repeats=repeats, wall_s=usage.wall_s, peak_mb=usage.peak_bytes / 1e6)
    return usage


def summary(usages: dict[str, list[Usage]], *, n_words: int) -> list[Measurement]:
    """Return a measurement for each trainer: medians of time and memory, all rounds, and the ratio to gensim."""
    walls = {trainer: statistics.median(usage.wall_s for usage in rounds) for trainer, rounds in usages.items()}
    return [
        {
            "trainer": trainer,
            "n_words": n_words,
            "wall_s": walls[trainer],
            "times_gensim": walls["gensim"] / walls[trainer] if "gensim" in walls else None,
            "peak_bytes": statistics.median(usage.peak_bytes for usage in rounds),
            "weights_bytes": 2 * rounds[0].vectors_bytes,
            "rounds": [usage._asdict() for usage in rounds],
        }
        for trainer, rounds in usages.items()
    ]


def table_of(measurements: list[Measurement]) -> str:
    rows = (
        [
            row["trainer"],
            f"{row['n_words'] / 1e6:,.1f}",
            f"{row['wall_s']:,.1f}",
            "–" if row["times_gensim"] is None else f"{row['times_gensim']:.1f}",
            f"{row['peak_bytes'] / 1e6:,.0f}",
            f"{(row['peak_bytes'] - row['weights_bytes']) / 1e6:,.0f}",
        ]
        for row in measurements
    )
    header = ["process", "million words", "wall time, s", "times as fast as gensim", "peak memory, MB"]
    return markdown_table([*header, "less the two weight matrices, MB"], rows)


def plot_of(measurements: list[Measurement]) -> "Figure":
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 4), layout="constrained")
    times, memory = figure.subplots(1, 2)
    for trainer in dict.fromkeys(row["trainer"] for row in measurements):
        rows = [row for row in measurements if row["trainer"] == trainer]
        n_words = [row["n_words"] / 1e6 for row in rows]
        times.plot(n_words, [row["wall_s"] for row in rows], "o-", label=trainer)
        memory.plot(n_words, [row["peak_bytes"] / 1e6 for row in rows], "o-", label=trainer)
    for axes, label in ((times, "wall time, s"), (memory, "peak memory, MB")):
        axes.set_xlabel("million words")
        axes.set_ylabel(label)
        start_at_zero(axes)
    times.legend()
    return figure


def repeat(text: Path, path: Path, *, times: int) -> None:
    """Write a text several times over."""
    with path.open("wb") as file:
        for _ in range(times):
            with text.open("rb") as once:
                while block := once.read(1 << 20):
                    file.write(block)


def main() -> None:
    parser = argument_parser(__doc__, name="whole_process")
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--trainers", nargs="+", choices=TRAINERS, default=list(TRAINERS))
    parser.add_argument("--words", type=int, help="only the first words of the corpus")
    parser.add_argument("--repeats", type=int, nargs="+", default=[1], help="how often the corpus is repeated")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--vector-size", type=int, default=100)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--workers", type=int, default=1)
    arguments = parser.parse_args()
    require_free_blas()
    settings = {"vector_size": arguments.vector_size, "epochs": arguments.epochs, "workers": arguments.workers}
    measurements: list[Measurement] = []
    with tempfile.TemporaryDirectory() as temporary:
        once, corpus, numba_cache = (Path(temporary, name) for name in ("once.txt", "corpus.txt", "numba"))
        cut_corpus(arguments.corpus, once, n_words=100_000)
        run_ours(once, numba_cache, min_count=5, **settings)  # compiles the kernels
        n_words = cut_corpus(arguments.corpus, once, n_words=arguments.words)
        for repeats in arguments.repeats:
            repeat(once, corpus, times=repeats)
            tasks = {
                trainer: partial(
                    measure, trainer, corpus, numba_cache, repeats=repeats, min_count=5 * repeats, **settings
                )
                for trainer in arguments.trainers
            }
            measurements += summary(interleave(tasks, rounds=arguments.rounds), n_words=repeats * n_words)
            write_results(
                arguments.output,
                settings={"corpus": arguments.corpus.name, **settings},
                measurements=measurements,
                table=table_of(measurements),
                plot=plot_of(measurements),
            )


if __name__ == "__main__":
    main()
