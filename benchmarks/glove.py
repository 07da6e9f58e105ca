"""GloVe beside Stanford's program: seconds of counting, time of a cell in training, cost and quality.

    python benchmarks/glove.py CORPUS.txt --stanford DIRECTORY
    python benchmarks/glove.py CORPUS.txt --stanford URL --words 3000000 --x-max 4 --seeds 1

CORPUS.txt is lower-cased text, tokenized by white space. --stanford names a directory with the source of Stanford's
GloVe, or a git repository to clone. The program is built from a copy, by its own Makefile, in a temporary directory.

Both programs use one thread, and read the same lines with the same settings: window, minimum count, dimensions, epochs,
x_max, and the defaults of both for the rest. Times are seconds of the processor. Counting is `cooccur`, and for ours
what a run takes longer if its counts are not in the cache. Training is `glove`, which writes its vectors as text, and
for ours a run with counts in the cache; `shuffle` is not included. Vectors are the sums of input and output vectors,
the default of both.
"""

import argparse
import re
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from common import (
    argument_parser,
    cut_corpus,
    finished_runs,
    log,
    markdown_table,
    run_process,
    train_ours,
    write_results,
)
from gensim.models import KeyedVectors
from quality import MEASURES, score

OURS, STANFORD = "spacy-w2v", "Stanford's GloVe"
CELL_BYTES = 16
"""Of a record of Stanford's: two int32 and a float64."""

Run = dict[str, Any]  # Any: numbers and names, as they stand in JSON


def build_stanford(source: str, directory: Path) -> Path:
    """Build Stanford's programs in a directory, and return the folder that has them."""
    if Path(source).is_dir():
        shutil.copytree(source, directory, ignore=shutil.ignore_patterns(".git", "build"))
    else:
        subprocess.run(["git", "clone", "--quiet", "--depth", "1", source, str(directory)], check=True)
    subprocess.run(["make", "--silent"], cwd=directory, check=True, stdout=subprocess.DEVNULL)
    return directory / "build"


class Stanford:
    """Counts once, and trains with each seed."""

    def __init__(self, arguments: argparse.Namespace, corpus: Path, directory: Path) -> None:
        self.arguments, self.directory = arguments, directory
        self.programs = build_stanford(arguments.stanford, directory / "source")
        self._run(f"vocab_count -verbose 0 -min-count {arguments.min_count} < {corpus} > vocab.txt")
        count = f"cooccur -verbose 0 -memory 4.0 -window-size {arguments.window} -vocab-file vocab.txt"
        self.counting_s = self._run(f"{count} < {corpus} > cells.bin")
        self.n_cells = (directory / "cells.bin").stat().st_size // CELL_BYTES
        self._run("shuffle -verbose 0 -memory 4.0 -seed 1 < cells.bin > shuffled.bin")

    def train(self, seed: int) -> tuple[KeyedVectors, list[float], float]:
        """Return the vectors, the cost of each epoch, and the seconds of the processor."""
        chosen = self.arguments
        seconds = self._run(
            f"glove -input-file shuffled.bin -vocab-file vocab.txt -save-file vectors -write-header 1 -threads 1 "
            f"-vector-size {chosen.vector_size} -iter {chosen.epochs} -x-max {chosen.x_max} -seed {seed} -verbose 1 "
            "2> log.txt"
        )
        costs = costs_of((self.directory / "log.txt").read_text(encoding="utf-8"))
        vectors = KeyedVectors.load_word2vec_format(str(self.directory / "vectors.txt"))
        return vectors, costs, seconds

    def _run(self, command: str) -> float:
        line = f'cd "{self.directory}" && "{self.programs}"/{command}'
        return run_process(["sh", "-c", line], {}).cpu_s


def costs_of(text: str) -> list[float]:
    """Return the cost of each epoch from what `glove` prints."""
    return [float(cost) for cost in re.findall(r"iter: \d+, cost: (\S+)", text)]


class Ours:
    """Counts once, and trains with each seed. Text is encoded and kernels are compiled before times are taken."""

    def __init__(self, arguments: argparse.Namespace, corpus: Path, directory: Path) -> None:
        chosen = {"window": arguments.window, "vector_size": arguments.vector_size, "x_max": arguments.x_max}
        chosen |= {"min_count": arguments.min_count, "loss": "glove", "workers": 1, "n_process": 1}
        self.epochs = arguments.epochs

        def run(**settings: Any) -> Any:  # Any: settings by name, and a model
            return train_ours(corpus, directory, **{**chosen, **settings})

        self.run = run
        run(window=1 if arguments.window > 1 else 2, epochs=1)
        first, again = (cpu_seconds(lambda: run(epochs=1))[1] for _ in range(2))
        self.counting_s = first - again
        self.n_cells = 0

    def train(self, seed: int) -> tuple[Any, list[float], float]:  # Any: a model
        """Return the model, the cost of each epoch, and the seconds of the processor."""
        model, seconds = cpu_seconds(lambda: self.run(epochs=self.epochs, seed=seed))
        results = model.meta["results"]
        self.n_cells = results[-1]["n_pairs"]
        return model, [result["loss"] for result in results], seconds


def cpu_seconds(function: Callable[[], Any]) -> tuple[Any, float]:  # Any: what the function returns
    """Return the result of a function, and the seconds of the processor that it took."""
    start = time.process_time()
    result = function()
    return result, time.process_time() - start


def table_of(runs: list[Run]) -> str:
    """Return the means over seeds, with their standard deviations, as a Markdown table."""

    def cell(values: list[float], digits: int) -> str:
        mean = f"{statistics.mean(values):,.{digits}f}"
        return f"{mean} ± {statistics.stdev(values):.{digits}f}" if len(values) > 1 else mean

    rows = []
    for program in (OURS, STANFORD):
        group = [run for run in runs if run["program"] == program]
        if group:
            times = [f"{group[0]['n_cells']:,}", f"{group[0]['counting_s']:,.1f}"]
            times.append(cell([run["cell_ns"] for run in group], 0))
            costs = [cell([run["costs"][epoch] for run in group], 4) for epoch in (0, -1)]
            known = ([100 * run[name] for run in group if run[name] is not None] for name in MEASURES)
            scores = [cell(values, 1) if values else "–" for values in known]
            rows.append([program, str(len(group)), *times, *costs, *scores])
    header = ["program", "seeds", "cells", "counting s", "training ns per cell", "first cost", "last cost"]
    return markdown_table([*header, *(f"{measure} × 100" for measure in MEASURES)], rows)


def measure_all(arguments: argparse.Namespace, corpus: Path, directory: Path) -> None:
    """Make the runs that OUTPUT.json lacks."""
    names = ("words", "window", "min_count", "vector_size", "epochs", "x_max", "restrict_vocab")
    settings = {"corpus": Path(arguments.corpus).name, **{name: getattr(arguments, name) for name in names}}
    done = {(run["program"], run["seed"]) for run in finished_runs(arguments.output, settings)}
    programs: dict[str, Stanford | Ours] = {}
    for seed in arguments.seeds:
        for name, program in ((OURS, Ours), (STANFORD, Stanford)):
            if (name, seed) in done:
                continue
            if name not in programs:
                place = directory / program.__name__
                place.mkdir()
                programs[name] = program(arguments, corpus, place)
            contender = programs[name]
            vectors, costs, seconds = contender.train(seed)
            run = {
                "program": name, "seed": seed, "n_cells": contender.n_cells, "counting_s": contender.counting_s,
                "training_s": seconds, "cell_ns": 1e9 * seconds / contender.n_cells / arguments.epochs, "costs": costs,
                **score(vectors, restrict_vocab=arguments.restrict_vocab),
            }  # fmt: skip
            log(**run)
            runs = [*finished_runs(arguments.output, settings), run]
            write_results(arguments.output, settings=settings, measurements=runs, table=table_of(runs), plot=None)


def main() -> None:
    parser = argument_parser(__doc__, name="glove")
    parser.add_argument("corpus", help="a text file")
    parser.add_argument("--stanford", required=True, help="source of Stanford's GloVe: a directory, or a URL for git")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--words", type=int, help="only the first words of the text file")
    parser.add_argument("--window", type=int, default=10)
    parser.add_argument("--min-count", type=int, default=5)
    parser.add_argument("--vector-size", type=int, default=100)
    parser.add_argument("--epochs", type=int, default=15)
    parser.add_argument("--x-max", type=float, default=10.0)
    parser.add_argument("--restrict-vocab", type=int, default=30_000, help="most frequent words, for analogies")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        corpus = Path(temporary, "corpus.txt")
        cut_corpus(Path(arguments.corpus), corpus, n_words=arguments.words)
        measure_all(arguments, corpus, Path(temporary))


if __name__ == "__main__":
    main()
