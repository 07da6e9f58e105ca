"""spacy-w2v beside gensim, floret and fastText: speed of training, time of a whole process, quality of the vectors.

    python benchmarks/peers.py CORPUS.txt
    python benchmarks/peers.py CORPUS.txt --measures speed --modes cbow/negative-sampling:100:1 --rounds 5
    python benchmarks/peers.py CORPUS.txt --measures quality --programs spacy-w2v gensim --words 1000000

CORPUS.txt is any text whose words stand between white space; it may be compressed. All programs read the same lines
with the same hyper-parameters: window 5, five noise words, a learning rate from 0.025 (0.15 for our CBOW) and no
subwords, except for the programs whose names say so. A mode is ARCHITECTURE/LOSS:DIMENSIONS:THREADS.

speed    words of the corpus per second of an epoch of training, without what comes before it.
process  wall time and peak memory from the text to saved vectors, as a process of its own with all its imports.
quality  WordSim-353, SimLex-999 and Google's analogies, by `spacy_w2v.evaluate`; round n has seed n.

Wall time is what a user waits for. On a machine with other work show CPU time, --unit cpu, of modes with one thread.

In a round every program takes its turn in every mode, so that a drift of the machine's speed meets all of them.
Medians over rounds are reported, with their ratio to gensim's; for quality, means and standard deviations. Every run is
written to OUTPUT.json when it is done, and is not repeated by a later call. Programs that are not installed are left
out: pip install floret fasttext==0.9.2 (0.9.3 leaves most of its weights to chance with fewer than ten threads).
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

from common import (
    Ended,
    argument_parser,
    cut_corpus,
    finished_runs,
    log,
    machine_facts,
    markdown_table,
    raised_min_count,
    require_free_blas,
    run_process,
    write_results,
)
from objectives import ARCHITECTURES, LOSSES, can_train
from programs import PROGRAMS, Job

MEASURES = ("speed", "process", "quality")
SCORES = ("WordSim-353", "SimLex-999", "Google analogies")
MODULES = {"spacy-w2v": "spacy_w2v", "fastText": "fasttext"}
TABLES = {
    "speed": "Training, words per second (and times gensim's)",
    "process": "From text to saved vectors: seconds (and times as fast as gensim), peak memory",
    "quality": "Quality × 100: WordSim-353, SimLex-999, Google analogies",
}

Run = dict[str, Any]  # Any: numbers and names, as they stand in JSON


class Mode(NamedTuple):
    architecture: str
    loss: str
    vector_size: int
    threads: int


SKIP_GRAM = [Mode("skip-gram", "negative-sampling", size, threads) for size in (100, 300) for threads in (1, 2)]
OTHERS = [("cbow", "negative-sampling"), ("skip-gram", "hierarchical-softmax"), ("cbow", "hierarchical-softmax")]
MODES = {
    "speed": [*SKIP_GRAM, *(Mode(*objective, 100, 1) for objective in OTHERS)],
    "process": [Mode("skip-gram", "negative-sampling", 100, 2)],
    "quality": [Mode("skip-gram", "negative-sampling", 100, 1)],
}
EPOCHS = {"speed": 1, "process": 5, "quality": 5}


def parse_mode(text: str) -> Mode:
    objective, _, numbers = text.partition(":")
    architecture, _, loss = objective.partition("/")
    vector_size, _, threads = numbers.partition(":")
    if architecture not in ARCHITECTURES or loss not in LOSSES or not (vector_size.isdecimal() and threads.isdecimal()):
        raise argparse.ArgumentTypeError(f"must be like skip-gram/negative-sampling:100:1, was: {text!r}")
    return Mode(architecture, loss, int(vector_size), int(threads))


def family(program: str) -> str:
    """Return the program without what follows its comma, such as subwords."""
    return program.partition(",")[0]


def is_installed(program: str) -> bool:
    return find_spec(MODULES.get(family(program), family(program))) is not None


def is_wanted(program: str, *, measure: str, mode: Mode) -> bool:
    """Return whether a program can be measured in a mode, and tells something there."""
    if program == "spacy-w2v, first run":
        return measure == "process"
    if measure == "process" and program.startswith("spacy-w2v, ") and "subwords" in program:
        return False  # the other programs write their rows, and ours would write the vectors of words
    if "subwords" in program and (mode.vector_size != 100 or mode.loss != "negative-sampling"):
        return False
    return can_train(family(program).replace("fastText", "floret"), loss=mode.loss)


def run_job(job: Job, environment: Mapping[str, str]) -> tuple[Run, Ended]:
    """Run a job in a process of its own, and return its results, and what the process took."""
    programs = str(Path(__file__).with_name("programs.py"))
    ended = run_process([sys.executable, programs, json.dumps(job._asdict())], environment)
    return json.loads(ended.output.splitlines()[-1]), ended


def measure_run(job: Job, run: Run) -> Run:
    """Return what identifies a run, and what it gave."""
    with tempfile.TemporaryDirectory() as empty:
        environment = {"NUMBA_CACHE_DIR": empty} if job.program == "spacy-w2v, first run" else {}
        result, ended = run_job(job, environment)
    if job.measure == "process":
        result = {"wall_s": ended.wall_s, "cpu_s": ended.cpu_s, "peak_bytes": ended.peak_bytes}
    facts = machine_facts()
    return {**run, **result, "date": facts["date"], "processor": facts["processor"]}


def grouped(runs: list[Run], *, measure: str) -> dict[Mode, dict[str, list[Run]]]:
    """Return the runs of a measure by mode and program."""
    found: dict[Mode, dict[str, list[Run]]] = {}
    for run in sorted(runs, key=lambda run: list(PROGRAMS).index(run["program"])):
        if run["measure"] == measure:
            mode = Mode(*(run[field] for field in Mode._fields))
            found.setdefault(mode, {}).setdefault(run["program"], []).append(run)
    return found


def median(runs: list[Run] | None, field: str) -> float | None:
    return statistics.median(run[field] for run in runs) if runs else None


def speed_cell(runs: list[Run], gensim: list[Run] | None, *, unit: str) -> str:
    field = {"wall": "words_per_s", "cpu": "words_per_cpu_s"}[unit]
    own, other = median(runs, field) or 0, median(gensim, field)
    return f"{round(own, -3):,.0f}" + (f" ({own / other:.1f} ×)" if other else "")


def process_cell(runs: list[Run], gensim: list[Run] | None, *, unit: str) -> str:
    own, other = median(runs, f"{unit}_s") or 0, median(gensim, f"{unit}_s")
    peak = median(runs, "peak_bytes") or 0
    return f"{own:.1f} s" + (f" ({other / own:.1f} ×)" if other else "") + f", {peak / 1e6:,.0f} MB"


def quality_cell(runs: list[Run], gensim: list[Run] | None, *, unit: str) -> str:
    def mean(name: str) -> str:
        values = [100 * run[name] for run in runs if run[name] is not None]
        if not values:
            return "–"
        spread = f" ± {statistics.stdev(values):.1f}" if len(values) > 1 else ""
        return f"{statistics.mean(values):.1f}{spread}"

    return ", ".join(mean(name) for name in SCORES)


CELLS = {"speed": speed_cell, "process": process_cell, "quality": quality_cell}


def table_of(measure: str, runs: list[Run], *, unit: str) -> str:
    """Return a table with a program a row and a mode a column."""
    by_mode = grouped(runs, measure=measure)
    programs = [name for name in PROGRAMS if any(name in group for group in by_mode.values())]
    rows = [
        [
            program,
            *(
                CELLS[measure](group[program], group.get("gensim"), unit=unit) if program in group else "–"
                for group in by_mode.values()
            ),
        ]
        for program in programs
    ]
    modes = (f"{mode.architecture}, {mode.loss}, d {mode.vector_size}, threads {mode.threads}" for mode in by_mode)
    return markdown_table(["", *modes], rows)


def report_of(runs: list[Run], settings: dict[str, Any], *, unit: str) -> str:
    """Return all tables in Markdown, with processor, dates, versions and rounds."""
    dates = sorted(run["date"][:10] for run in runs)
    versions = machine_facts()["versions"]
    assert isinstance(versions, dict)
    lines = [
        f"Processor: {', '.join(sorted({run['processor'] for run in runs}))}. "
        f"Dates: {' to '.join(dict.fromkeys((dates[0], dates[-1])))}. "
        f"Versions: {', '.join(f'{name} {number}' for name, number in versions.items() if number)}.",
        f"Settings: {', '.join(f'{name} {value}' for name, value in settings.items() if value is not None)}.",
    ]
    for measure, title in TABLES.items():
        if any(run["measure"] == measure for run in runs):
            groups = [group for mode in grouped(runs, measure=measure).values() for group in mode.values()]
            rounds = " to ".join(map(str, sorted({len(group) for group in groups})))
            what = title if measure == "quality" else f"{title}; {unit} time"
            lines += [f"{what}; rounds: {rounds}.", table_of(measure, runs, unit=unit)]
    return "\n\n".join(lines)


def wanted_runs(arguments: argparse.Namespace) -> Iterator[Run]:
    """Yield what identifies each run, in the order of measurement."""
    programs = [program for program in arguments.programs if is_installed(program)]
    if missing := sorted({family(program) for program in arguments.programs if program not in programs}):
        print(f"Left out, since not installed: {', '.join(missing)}")
    for measure, number in product(arguments.measures, range(1, arguments.rounds + 1)):
        for mode, program in product(arguments.modes or MODES[measure], programs):
            if is_wanted(program, measure=measure, mode=mode):
                yield {"measure": measure, "round": number, **mode._asdict(), "program": program}


def parse_arguments() -> argparse.Namespace:
    parser = argument_parser(__doc__, name="peers")
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--measures", nargs="+", choices=MEASURES, default=list(MEASURES))
    parser.add_argument("--programs", nargs="+", choices=PROGRAMS, default=list(PROGRAMS))
    parser.add_argument("--modes", nargs="+", type=parse_mode, help="instead of those of each measure")
    parser.add_argument("--words", type=int, help="only the first words of the corpus")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--sample", type=float, default=1e-3)
    parser.add_argument("--min-count", type=int, default=5)
    parser.add_argument("--max-final-vocab", type=int, help="raise min_count until no more words are left, for all")
    parser.add_argument("--unit", choices=("wall", "cpu"), default="wall", help="seconds that the tables show")
    parser.add_argument("--seconds", type=float, help="start no run after so long; call again for the rest")
    return parser.parse_args()


def main() -> None:
    arguments = parse_arguments()
    require_free_blas()
    end = time.monotonic() + (arguments.seconds or float("inf"))
    settings = {"corpus": arguments.corpus.name, "words": arguments.words, "sample": arguments.sample}
    settings |= {"min_count": arguments.min_count, "max_final_vocab": arguments.max_final_vocab}
    compiled: set[tuple[str, str, str]] = set()
    with tempfile.TemporaryDirectory() as temporary:
        corpus, short = Path(temporary, "corpus.txt"), Path(temporary, "short.txt")
        n_words = cut_corpus(arguments.corpus, corpus, n_words=arguments.words)
        n_short = cut_corpus(corpus, short, n_words=min(n_words, 100_000))
        min_count = raised_min_count(corpus, min_count=arguments.min_count, max_final_vocab=arguments.max_final_vocab)
        for run in wanted_runs(arguments):
            runs = finished_runs(arguments.output, settings)
            if any(run.items() <= earlier.items() for earlier in runs):
                continue
            if time.monotonic() > end:
                print("Out of time: call again for the rest.")
                break
            job = Job(
                corpus=str(corpus), n_words=n_words, output=temporary, epochs=EPOCHS[run["measure"]],
                min_count=min_count, sample=arguments.sample, seed=run["round"],
                **{name: run[name] for name in Job._fields if name in run},
            )  # fmt: skip
            kernel = (run["program"], run["architecture"], run["loss"])
            if family(run["program"]) == "spacy-w2v" and kernel not in compiled:
                run_job(job._replace(corpus=str(short), n_words=n_short, measure="speed"), {})
                compiled.add(kernel)
            runs = [*finished_runs(arguments.output, settings), measure_run(job, run)]
            log(**{name: value for name, value in runs[-1].items() if name not in ("date", "processor")})
            table = report_of(runs, settings, unit=arguments.unit)
            write_results(arguments.output, settings=settings, measurements=runs, table=table, plot=None)
    print(report_of(finished_runs(arguments.output, settings), settings, unit=arguments.unit))


if __name__ == "__main__":
    main()
