"""Quality of training on several machines, by the number of machines and merges, and beside other rules for merging.

    python benchmarks/merging.py CORPUS.txt
    python benchmarks/merging.py CORPUS.txt --architectures skip-gram cbow --runs 1:1:none 8:30:damped --seeds 1 2 3
    python benchmarks/merging.py CORPUS.txt --words 4000000 --runs 8+3+6+1+8+5:17:damped --vector-size 300

CORPUS.txt is lower-cased text, tokenized by white space. A run is MACHINES:ROUNDS:RULE. The machines are emulated in
this process, with one thread each: emulation.py describes how, and the rules. 8+3+6 are machines that come and go: the
rounds have 8, 3 and 6 of them in turn. One machine needs no rule and has no merges. Shares are whole chunks of the
encoded corpus, 100,000 tokens, so a short corpus has no work for many machines: lower --chunk-tokens for them.

The loss is the mean per prediction in the last epoch, as the machines see it while they train. Scores are those of
`spacy_w2v.evaluate`. Seconds are CPU time, of all machines together. Results are written after each run, and runs that
OUTPUT.json already has are not repeated.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from common import argument_parser, cut_corpus, finished_runs, log, machine_facts, markdown_table, write_results
from emulation import CHUNK_TOKENS, RULES, set_chunk_tokens, train_emulated
from objectives import ARCHITECTURES, LOSSES

import spacy_w2v
from spacy_w2v.errors import TrainingError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MEASURES = ("WordSim-353", "SimLex-999", "Google analogies")
ONE_MACHINE = "none"
"""The rule of a run on one machine."""
DEFAULT_RUNS = (
    "1:1:none", "8:30:damped", "16:30:damped", "32:30:damped", "64:30:damped", "8:16:damped", "8:9:damped",
    "8:30:mean", "8:30:mean-scaled", "8:30:adasum", "8:30:sum",
)  # fmt: skip
RUN = ("architecture", "loss", "machines", "rounds", "rule", "seed")  # what tells one run from another

Run = dict[str, Any]  # Any: numbers and names, as they stand in JSON


class Setup(NamedTuple):
    """Machines, and how they merge."""

    machines: tuple[int, ...]
    """Their numbers, which rounds take in turn."""
    rounds: int
    rule: str

    @property
    def label(self) -> str:
        """The machines as they stand in results: "8", or "8, 3, 6"."""
        return ", ".join(map(str, self.machines))


def parse_setup(text: str) -> Setup:
    """Return the setup that an argument names. Raises ArgumentTypeError."""
    machines, rounds, rule = [*text.split(":"), "", ""][:3]
    numbers = machines.split("+")
    fits = text.count(":") == 2 and all(number.isdecimal() and int(number) for number in [*numbers, rounds])
    if not fits or rule not in {*RULES, ONE_MACHINE} or (rule == ONE_MACHINE) != (numbers == ["1"]):
        raise argparse.ArgumentTypeError(
            f"must be like 8:30:damped or 8+3+6:30:damped, with one of the rules {', '.join(RULES)}, or 1:1:none, "
            f"was: {text!r}"
        )
    return Setup(tuple(map(int, numbers)), int(rounds), rule)


def wanted_runs(arguments: argparse.Namespace) -> Iterator[tuple[Setup, Run]]:
    """Yield each setup with what tells its runs from others."""
    for architecture, loss, seed, setup in product(
        arguments.architectures, arguments.losses, arguments.seeds, arguments.runs
    ):
        values = (architecture, loss, setup.label, setup.rounds, setup.rule, seed)
        yield setup, dict(zip(RUN, values, strict=True))


def train_and_score(setup: Setup, corpus: Path, cache_dir: Path, **settings: Any) -> Run:  # Any: settings by name
    """Return the loss, the scores and the CPU time of a run. Without a rule, an ordinary run is made."""
    start = time.process_time()
    rule = "damped" if setup.rule == ONE_MACHINE else setup.rule
    try:
        trained = train_emulated(corpus, cache_dir, machines=setup.machines, rounds=setup.rounds, rule=rule, **settings)
    except TrainingError as error:
        return {"diverged": str(error), "loss_per_prediction": None, **dict.fromkeys(MEASURES)}
    seconds = time.process_time() - start
    scores = spacy_w2v.evaluate(trained.model)
    return {
        "merges": trained.n_merges,
        "most_machines": trained.most_machines,
        "cpu_s": seconds,
        "merging_s": trained.merging_s,
        "loss_per_prediction": trained.model.meta["results"][-1]["loss"],
        **{name: score.spearman for name, score in scores.word_pairs.items()},
        **{name: score.accuracy for name, score in scores.analogies.items()},
    }


def groups(runs: list[Run]) -> Iterator[list[Run]]:
    """Yield the runs that differ by their seeds only, as they were first made."""
    grouped: dict[tuple[Any, ...], list[Run]] = {}  # Any: numbers and names
    for run in runs:
        grouped.setdefault(tuple(run[name] for name in RUN if name != "seed"), []).append(run)
    yield from grouped.values()


def table_of(runs: list[Run]) -> str:
    """Return a table with a row for each setup: means over seeds, and standard deviations."""

    def cell(group: list[Run], name: str, *, factor: float, digits: int) -> str:
        values = [factor * run[name] for run in group if run.get(name) is not None]
        if not values:
            return "–"
        mean = f"{statistics.mean(values):.{digits}f}"
        return f"{mean} ± {statistics.stdev(values):.{digits}f}" if len(values) > 1 else mean

    def loss_cell(group: list[Run]) -> str:
        diverged = sum("diverged" in run for run in group)
        losses = cell(group, "loss_per_prediction", factor=1, digits=3)
        return f"diverged ({diverged})" if diverged else losses

    def machines_cell(group: list[Run]) -> str:
        wanted, used = group[0]["machines"], group[0].get("most_machines")
        too_many = used is not None and used < max(map(int, wanted.split(", ")))
        return f"{wanted} ({used} used)" if too_many else str(wanted)

    header = ["architecture", "loss", "machines", "merges", "rule", "seeds", "loss per prediction"]
    header += [*(f"{measure} × 100" for measure in MEASURES), "CPU seconds", "of them merging"]
    rows = [
        [
            *(group[0][name] for name in ("architecture", "loss")),
            machines_cell(group),
            cell(group, "merges", factor=1, digits=0).split(" ")[0],
            group[0]["rule"],
            str(len(group)),
            loss_cell(group),
            *(cell(group, measure, factor=100, digits=1) for measure in MEASURES),
            cell(group, "cpu_s", factor=1, digits=0),
            cell(group, "merging_s", factor=1, digits=0),
        ]
        for group in groups(runs)
    ]
    return markdown_table(header, rows)


def plot_of(runs: list[Run]) -> "Figure":
    """Draw the score of each seed as a point, and the means as bars."""
    from matplotlib.figure import Figure  # an extra, which tests do without

    grouped = [group for group in groups(runs) if "diverged" not in group[0]]
    figure = Figure(figsize=(3 + 3 * len(MEASURES), 1.5 + 0.35 * len(grouped)), layout="constrained")
    all_axes = figure.subplots(1, len(MEASURES), sharey=True)
    for axes, measure in zip(all_axes, MEASURES, strict=True):
        for position, group in enumerate(grouped):
            scores = [100 * run[measure] for run in group if run.get(measure) is not None]
            axes.barh(position, statistics.mean(scores) if scores else 0, color="tab:blue", alpha=0.4)
            axes.plot(scores, [position] * len(scores), ".", color="black")
        axes.set_title(f"{measure} × 100")
    labels = [", ".join(str(group[0][name]) for name in RUN if name not in ("loss", "seed")) for group in grouped]
    all_axes[0].set_yticks(range(len(labels)), labels)
    all_axes[0].invert_yaxis()
    return figure


def measure_all(arguments: argparse.Namespace, corpus: Path, cache_dir: Path) -> None:
    """Make the runs that OUTPUT.json lacks."""
    training = {"vector_size": arguments.vector_size, "epochs": arguments.epochs, "sample": arguments.sample}
    settings = {"corpus": arguments.corpus.name, "words": arguments.words, "chunk_tokens": arguments.chunk_tokens}
    settings |= training
    for setup, wanted in wanted_runs(arguments):
        if any(wanted.items() <= run.items() for run in finished_runs(arguments.output, settings)):
            continue
        chosen = {name: wanted[name] for name in ("architecture", "loss", "seed")}
        run = wanted | train_and_score(setup, corpus, cache_dir, **chosen, **training)
        run["processor"] = machine_facts()["processor"]
        runs = [*finished_runs(arguments.output, settings), run]  # read again: another call may have added its own
        log(**run)
        plot = plot_of(runs) if arguments.plot else None
        write_results(arguments.output, settings=settings, measurements=runs, table=table_of(runs), plot=plot)


def main() -> None:
    parser = argument_parser(__doc__, name="merging")
    parser.add_argument("corpus", type=Path)
    parser.add_argument(
        "--runs", type=parse_setup, nargs="+", metavar="MACHINES:ROUNDS:RULE", default=[*map(parse_setup, DEFAULT_RUNS)]
    )
    parser.add_argument("--architectures", nargs="+", choices=ARCHITECTURES, default=["skip-gram"])
    parser.add_argument("--losses", nargs="+", choices=LOSSES, default=["negative-sampling"])
    parser.add_argument("--seeds", type=int, nargs="+", default=[1])
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--vector-size", type=int, default=100)
    parser.add_argument("--sample", type=float, default=1e-3)
    parser.add_argument("--chunk-tokens", type=int, default=CHUNK_TOKENS)
    parser.add_argument("--words", type=int, help="only the first words of the text file")
    parser.add_argument("--plot", action="store_true", help="draw the scores, which needs matplotlib")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        corpus = Path(temporary, "corpus.txt")
        cut_corpus(arguments.corpus, corpus, n_words=arguments.words)
        set_chunk_tokens(arguments.chunk_tokens)
        measure_all(arguments, corpus, Path(temporary, "cache"))


if __name__ == "__main__":
    main()
