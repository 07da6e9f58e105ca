"""Subword vectors beside those of floret, fastText and gensim: speed of training, and quality for unknown words too.

    python benchmarks/subwords.py CORPUS.txt
    python benchmarks/subwords.py CORPUS.txt --measures quality --word-pairs rare-words.txt
    python benchmarks/subwords.py CORPUS.txt --measures speed --threads 1 2 --seconds 170

CORPUS.txt is lower-cased text whose words stand between white space; it may be compressed. All programs train
skip-gram with negative sampling on the same lines: 100 dimensions, window 5, five noise words, subwords of their own
defaults (fastText: 3 to 6 characters, two million buckets; floret: 4 to 5, 50,000 buckets, two hashes).

speed    words of the corpus per second of an epoch of training, without what comes before it. Each program takes its
         turn in every round. A ratio is the median of the ratios in each round, with the least and the greatest.
quality  WordSim-353, SimLex-999, the files of --word-pairs, and Google's analogies, syntactic ones apart. Pairs with
         a word that the vocabulary lacks are scored apart: their vectors are composed. Round n has seed n. The learning
         rate is --alpha for all, or that of the program with --alpha 0: 0.05 for floret and fastText, 0.025 for others.

Every run is written to OUTPUT.json when it is done, and a later call continues. Programs that are not installed are
left out: pip install floret fasttext==0.9.2
"""

import argparse
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from common import (
    argument_parser,
    cut_corpus,
    finished_runs,
    log,
    machine_facts,
    markdown_table,
    read_words,
    require_free_blas,
    write_results,
)
from gensim.models import KeyedVectors
from peers import is_installed, run_job
from programs import VECTORS, WORDS, Job
from scores import TestSet, answers_of, read_lower_sets, score, split_by_vocabulary

import spacy_w2v

MEASURES = ("speed", "quality")
PLAIN, FLORET, FASTTEXT = "spacy-w2v", "spacy-w2v, floret subwords", "spacy-w2v, fastText subwords"
PROGRAMS = (PLAIN, FLORET, "floret, subwords", FASTTEXT, "fastText, subwords", "gensim, subwords")
"""In the order in which they take their turns."""
RATIOS = (
    (FLORET, "floret, subwords"),
    (FASTTEXT, "fastText, subwords"),
    (FASTTEXT, "gensim, subwords"),
    (FLORET, PLAIN),
    (FASTTEXT, PLAIN),
)
"""Pairs of programs whose speeds are divided, those of the same round."""
OWN_ALPHAS = {"floret, subwords": 0.05, "fastText, subwords": 0.05}

Run = dict[str, Any]  # Any: numbers and names, as they stand in JSON


def wanted_runs(arguments: argparse.Namespace) -> Iterator[Run]:
    """Yield what identifies each run, in the order of measurement."""
    programs = [program for program in arguments.programs if is_installed(program)]
    for measure, number in product(arguments.measures, range(1, arguments.rounds + 1)):
        for threads, program in product(arguments.threads if measure == "speed" else (1,), programs):
            yield {"measure": measure, "round": number, "threads": threads, "program": program}


def vocabulary_of(corpus: Path, *, min_count: int) -> list[str]:
    """Return the words of at least so many tokens, the most frequent first."""
    counts = Counter(word for words in read_words(corpus) for word in words)
    return [word for word, count in counts.most_common() if count >= min_count]


def write_strings(sets: Sequence[TestSet], vocabulary: Sequence[str], path: Path) -> None:
    """Write the words of the vocabulary, and then the other words of the sets, one a line."""
    asked = (word for of_set in sets for words in of_set.questions for word in words)
    path.write_text("\n".join(dict.fromkeys([*vocabulary, *asked])), encoding="utf-8")


def scores_in(directory: Path, sets: Sequence[TestSet], *, n_known: int) -> dict[str, float | None]:
    """Return the score of each set by the vectors that a program wrote, or None if a set has no answer."""
    strings = (directory / WORDS).read_text(encoding="utf-8").splitlines()
    vectors = np.load(directory / VECTORS).astype(np.float32)
    keyed = KeyedVectors(vectors.shape[1])
    keyed.add_vectors(strings, vectors)
    answers = answers_of(spacy_w2v.open_vectors(keyed), sets, restrict_vocab=n_known)
    found = {of_set.name: score(of_set, answers[of_set.name]) for of_set in sets}
    return {name: None if np.isnan(value) else value for name, value in found.items()}


def median_ratio(runs: Sequence[Run], pair: tuple[str, str], *, threads: int, unit: str) -> str | None:
    """Return the median of the ratios of two programs in the same rounds, with the least and the greatest."""
    rates = {(run["program"], run["round"]): run[unit] for run in runs if run["threads"] == threads}
    numbers = [number for program, number in rates if program == pair[0] and (pair[1], number) in rates]
    ratios = [rates[pair[0], number] / rates[pair[1], number] for number in numbers]
    if not ratios:
        return None
    return f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"


def speed_tables(runs: Sequence[Run], *, unit: str) -> str:
    """Return the medians of speeds, and of their ratios in the same rounds."""
    threads = sorted({run["threads"] for run in runs})
    header = [f"{n} thread{'s' if n > 1 else ''}" for n in threads]
    rows, ratios = [], []
    for program in PROGRAMS:
        groups = [[r[unit] for r in runs if (r["program"], r["threads"]) == (program, n)] for n in threads]
        if any(groups):
            cells = (f"{round(statistics.median(group), -3):,.0f}" if group else "–" for group in groups)
            rows.append([program, *cells])
    for pair in RATIOS:
        of_pair = [median_ratio(runs, pair, threads=n, unit=unit) for n in threads]
        if any(of_pair):
            ratios.append([" ÷ ".join(pair), *(cell or "–" for cell in of_pair)])
    return markdown_table(["words per second", *header], rows) + "\n" + markdown_table(["ratio", *header], ratios)


def quality_table(runs: Sequence[Run]) -> str:
    """Return means and standard deviations over the seeds, × 100."""

    def cell(values: list[float]) -> str:
        if not values:
            return "–"
        spread = f" ± {statistics.stdev(values):.1f}" if len(values) > 1 else ""
        return f"{statistics.mean(values):.1f}{spread}"

    names = list(runs[0]["scores"])
    rows = []
    for program in PROGRAMS:
        group = [run["scores"] for run in runs if run["program"] == program]
        if group:
            cells = (cell([100 * run[name] for run in group if run[name] is not None]) for name in names)
            rows.append([program, str(len(group)), *cells])
    sizes = runs[0]["n_questions"]
    return markdown_table(["", "seeds", *(f"{name} ({sizes[name]:,})" for name in names)], rows)


def report_of(runs: Sequence[Run], settings: Run, *, unit: str) -> str:
    """Return all tables in Markdown, with processor, versions and rounds."""
    versions = machine_facts()["versions"]
    assert isinstance(versions, dict)
    lines = [
        f"Processor: {', '.join(sorted({run['processor'] for run in runs}))}. "
        f"Versions: {', '.join(f'{name} {number}' for name, number in versions.items() if number)}.",
        f"Settings: {', '.join(f'{name} {value}' for name, value in settings.items() if value is not None)}.",
    ]
    by_measure = {measure: [run for run in runs if run["measure"] == measure] for measure in MEASURES}
    if speeds := by_measure["speed"]:
        lines += [f"Rounds: {max(run['round'] for run in speeds)}; {unit}.", speed_tables(speeds, unit=unit)]
    if scored := by_measure["quality"]:
        lines += ["Spearman's rank correlation and share of analogies solved, × 100.", quality_table(scored)]
    return "\n\n".join(lines)


def job_of(run: Run, arguments: argparse.Namespace, *, corpus: Path, n_words: int) -> Job:
    own_alpha = OWN_ALPHAS.get(run["program"])
    is_speed = run["measure"] == "speed"
    return Job(
        program=run["program"], measure="speed" if is_speed else "strings", corpus=str(corpus), n_words=n_words,
        output=str(corpus.parent), architecture="skip-gram", loss="negative-sampling", vector_size=100,
        threads=run["threads"], epochs=1 if is_speed else arguments.epochs, seed=run["round"],
        min_count=arguments.min_count, sample=arguments.sample, alpha=arguments.alpha or own_alpha,
    )  # fmt: skip


def parse_arguments() -> argparse.Namespace:
    parser = argument_parser(__doc__, name="subwords")
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--measures", nargs="+", choices=MEASURES, default=list(MEASURES))
    parser.add_argument("--programs", nargs="+", choices=PROGRAMS, default=list(PROGRAMS))
    parser.add_argument("--threads", nargs="+", type=int, default=[1], help="for speed")
    parser.add_argument("--words", type=int, help="only the first words of the corpus")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=5, help="for quality")
    parser.add_argument("--sample", type=float, default=1e-4)
    parser.add_argument("--min-count", type=int, default=5)
    parser.add_argument("--alpha", type=float, default=0.05, help="0 for that of each program")
    parser.add_argument("--word-pairs", type=Path, nargs="*", default=[], help="further sets, such as rare words")
    parser.add_argument("--unit", choices=("words_per_s", "words_per_cpu_s"), default="words_per_s")
    parser.add_argument("--seconds", type=float, help="start no run after so long; call again for the rest")
    return parser.parse_args()


def main() -> None:
    arguments = parse_arguments()
    require_free_blas()
    end = time.monotonic() + (arguments.seconds or float("inf"))
    settings: Run = {"corpus": arguments.corpus.name, "words": arguments.words, "sample": arguments.sample}
    settings |= {name: getattr(arguments, name) for name in ("min_count", "epochs", "alpha")}
    settings["word_pairs"] = [path.name for path in arguments.word_pairs]
    compiled: set[str] = set()
    with tempfile.TemporaryDirectory() as temporary:
        corpus, short = Path(temporary, "corpus.txt"), Path(temporary, "short.txt")
        n_words = cut_corpus(arguments.corpus, corpus, n_words=arguments.words)
        n_short = cut_corpus(corpus, short, n_words=min(n_words, 100_000))
        vocabulary = vocabulary_of(corpus, min_count=arguments.min_count)
        sets = split_by_vocabulary(read_lower_sets(arguments.word_pairs), set(vocabulary))
        write_strings(sets, vocabulary, corpus.with_name(WORDS))
        for run in wanted_runs(arguments):
            runs = finished_runs(arguments.output, settings)
            if any(run.items() <= earlier.items() for earlier in runs):
                continue
            if time.monotonic() > end:
                print("Out of time: call again for the rest.")
                break
            job = job_of(run, arguments, corpus=corpus, n_words=n_words)
            if run["program"].startswith(PLAIN) and run["program"] not in compiled:
                run_job(job._replace(corpus=str(short), n_words=n_short, measure="speed"), {})
                compiled.add(run["program"])
            result: Run = run_job(job, {})[0]
            if run["measure"] == "quality":
                result = {"scores": scores_in(corpus.parent, sets, n_known=len(vocabulary))}
                result["n_questions"] = {of_set.name: len(of_set.questions) for of_set in sets}
            measured = {**run, **result, **{name: machine_facts()[name] for name in ("date", "processor")}}
            log(**{name: value for name, value in measured.items() if name not in ("date", "processor")})
            runs = [*finished_runs(arguments.output, settings), measured]
            table = report_of(runs, settings, unit=arguments.unit)
            write_results(arguments.output, settings=settings, measurements=runs, table=table, plot=None)
    print(report_of(finished_runs(arguments.output, settings), settings, unit=arguments.unit))


if __name__ == "__main__":
    main()
