"""The presets of `--optimize` beside gensim: at its defaults, at the same settings, and in the same time.

This is what `quality.py --optimize` runs. Each run is a process of its own, from the text to saved vectors, in one
thread:

    spacy-w2v, preset         the settings that --optimize chooses for this corpus
    gensim, defaults          gensim's own settings
    spacy-w2v, defaults       ours without --optimize
    gensim, same settings     the preset's epochs, alpha, sample, window and noise words in gensim
    spacy-w2v, equal time     the preset, with as many epochs as fit in the CPU time of gensim's defaults

All vectors are scored as they were trained, and after the preset's post-processing if it has one, gensim's too. Vectors
and answers are kept in OUTPUT-runs/, so that a later call only makes what is missing.
"""

import json
import shutil
import statistics
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from common import log, machine_facts, markdown_table, run_process, write_results
from objectives import gensim_settings
from scores import MEAN, Answers, TestSet, answers_of, interval, read_test_sets, resampled_scores, scores_of
from training_job import EXPORTED, RAW, Job

import spacy_w2v

SCORES = ("WordSim-353", "SimLex-999", "Google analogies")
"""The sets whose mean is reported."""
PRESET, DEFAULTS, EQUAL_TIME = "spacy-w2v, preset", "spacy-w2v, defaults", "spacy-w2v, equal time"
GENSIM, SAME = "gensim, defaults", "gensim, same settings"
CONTENDERS = (PRESET, GENSIM, DEFAULTS, SAME, EQUAL_TIME)
"""In the order of training: the last two depend on the first two."""
WARM_UP_LINES = 100
"""Of the run that compiles the kernels."""
AS_TRAINED, PROCESSED = "as trained", "processed"
COMPARISONS = [
    ((PRESET, PROCESSED), (GENSIM, AS_TRAINED)),
    ((PRESET, PROCESSED), (GENSIM, PROCESSED)),
    ((PRESET, PROCESSED), (SAME, PROCESSED)),
    ((PRESET, AS_TRAINED), (SAME, AS_TRAINED)),
    ((PRESET, PROCESSED), (DEFAULTS, AS_TRAINED)),
    ((EQUAL_TIME, PROCESSED), (GENSIM, AS_TRAINED)),
    ((EQUAL_TIME, PROCESSED), (SAME, PROCESSED)),
]
"""The differences that are reported. Without post-processing, the vectors as they were trained are compared."""

Run = dict[str, Any]  # Any: numbers and names, as they stand in JSON


def add_arguments(parser: ArgumentParser) -> None:
    """Let a benchmark compare a preset."""
    parser.add_argument("--optimize", choices=("accuracy", "efficiency"), help="compare this preset with gensim")
    parser.add_argument("--contenders", nargs="+", choices=CONTENDERS, default=CONTENDERS, help="with --optimize")
    parser.add_argument("--word-pairs", type=Path, nargs="+", default=[], help="more sets to score, with --optimize")
    parser.add_argument("--resamples", type=int, default=2000, help="of the confidence intervals, with --optimize")


class Trained(NamedTuple):
    directory: Path
    facts: Run
    """The settings that were used, seconds, processor and date."""


class Runs:
    """The runs of a comparison, which are made if they are not there yet."""

    def __init__(self, directory: Path, *, corpus: Path, shared: Run) -> None:
        """Create them; `shared` holds what all runs have in common: corpus, words, min_count."""
        self.directory, self.corpus, self.shared = directory, corpus, shared
        self.compiled = False

    def get(self, contender: str, *, seed: int, settings: Run) -> Trained:
        """Return the run of a contender with a seed."""
        directory = self.directory / f"{contender.replace(',', '').replace(' ', '-')}-{seed}"
        path = directory / "run.json"
        job = {**self.shared, "settings": settings}
        if path.exists():
            facts = json.loads(path.read_text(encoding="utf-8"))
            if facts["job"] != job:
                raise SystemExit(f"{path} must be a run of {job}, is one of: {facts['job']}. Name another --output.")
            return Trained(directory, facts)
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir(parents=True)
        program = contender.partition(",")[0]
        if program == "spacy-w2v" and not self.compiled:
            short = self.corpus.with_name("short.txt")
            with self.corpus.open(encoding="utf-8") as file:
                short.write_text("".join(islice(file, WARM_UP_LINES)), encoding="utf-8")
            self._train(program, short, directory, seed=seed, settings={**settings, "epochs": 1})
            self.compiled = True
        machine = machine_facts()
        facts = {"contender": contender, "seed": seed, "job": job}
        facts |= self._train(program, self.corpus, directory, seed=seed, settings=settings)
        facts |= {"processor": machine["processor"], "date": machine["date"]}
        path.write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
        log(**{name: facts[name] for name in ("contender", "seed", "wall_s", "cpu_s", "words_per_s")})
        return Trained(directory, facts)

    def _train(self, program: str, corpus: Path, directory: Path, *, seed: int, settings: Run) -> Run:
        job = Job(
            program=program, corpus=str(corpus), output=str(directory), min_count=self.shared["min_count"], seed=seed,
            settings=settings,
        )  # fmt: skip
        script = str(Path(__file__).with_name("training_job.py"))
        ended = run_process([sys.executable, script, json.dumps(job._asdict())], {})
        return {**json.loads(ended.output.splitlines()[-1]), "wall_s": ended.wall_s, "cpu_s": ended.cpu_s}


def gensim_arguments(used: Run) -> Run:
    """Return the arguments of gensim's Word2Vec that are the settings of a run of ours.

    gensim gives each word of a context the whole gradient of the context's mean, and we give it its share. With window
    5 a context has six words on average, and the learning rate is divided by that, as `Word2Vec.to_gensim` does.
    """
    names = ("vector_size", "window", "ns_exponent", "epochs", "sample", "min_alpha", "alpha")
    arguments = {name: used[name] for name in names}
    if used["architecture"] == "cbow" and used["cbow_mean"]:
        arguments["alpha"] /= 6
    return arguments | gensim_settings(used["architecture"], used["loss"], negative=used["negative"])


def epochs_in(cpu_s: float, preset: Run) -> int:
    """Return how many epochs of a run fit in some CPU time, besides what it does once: imports, encoding, saving."""
    epochs = preset["used"]["epochs"]
    of_training = preset["cpu_s"] * preset["seconds"] / preset["wall_s"]
    return max(1, int((cpu_s - preset["cpu_s"] + of_training) / of_training * epochs))


def contenders(arguments: Namespace, runs: Runs) -> Iterator[Trained]:
    """Yield all runs, seed by seed, so that a drift of the machine's speed meets all contenders."""
    objective = {"architecture": arguments.architectures[0], "loss": arguments.losses[0]}
    ours = {**objective, "vector_size": arguments.vector_size}
    gensims = {"vector_size": arguments.vector_size, **gensim_settings(**objective)}
    first: dict[str, Run] = {}
    makers: dict[str, Callable[[], Run]] = {
        PRESET: lambda: {**ours, "optimize": arguments.optimize},
        GENSIM: lambda: gensims,
        DEFAULTS: lambda: ours,
        SAME: lambda: gensim_arguments(first[PRESET]["used"]),
        EQUAL_TIME: lambda: {
            **ours, "optimize": arguments.optimize, "epochs": epochs_in(first[GENSIM]["cpu_s"], first[PRESET]),
        },
    }  # fmt: skip
    for seed in arguments.seeds:
        for contender in CONTENDERS:
            if contender in arguments.contenders:
                trained = runs.get(contender, seed=seed, settings=makers[contender]())
                first.setdefault(contender, trained.facts)
                yield trained


def answers_as(trained: Trained, postprocess: Run | None, sets: Sequence[TestSet], *, restrict_vocab: int) -> Answers:
    """Return the answers of a run's vectors, as they were trained or processed. They are kept beside the vectors."""
    name = "as-trained" if postprocess is None else "-".join(map(str, postprocess.values()))
    path = trained.directory / f"answers-{name}-{restrict_vocab}.npz"
    if path.exists():
        with np.load(path) as kept:
            if kept.keys() >= {of_set.name for of_set in sets}:
                return dict(kept)
    raw = trained.directory / RAW
    if postprocess is not None and raw.exists() and processing_of(trained.facts) == postprocess:
        vectors = spacy_w2v.open_vectors(trained.directory / EXPORTED)
    else:
        vectors = spacy_w2v.open_vectors(raw if raw.exists() else trained.directory / EXPORTED)
        if postprocess is not None:
            vectors = vectors.postprocessed(**postprocess)
    answers = answers_of(vectors, sets, restrict_vocab=restrict_vocab)
    np.savez(path, **answers)
    return answers


def processing_of(facts: Run) -> Run | None:
    """Return the post-processing of a run of ours, or None if it has none."""
    used = facts["used"]
    names = ["postprocess", *(["whitening_strength"] if used["postprocess"] == "soft-whiten" else [])]
    return {name: used[name] for name in names} if used["postprocess"] is not None else None


class Scored(NamedTuple):
    """A run whose vectors were scored, as they were trained or processed."""

    contender: str
    vectors: str
    facts: Run
    answers: Answers


def table_of_scores(scored: Sequence[Scored], sets: Sequence[TestSet]) -> str:
    """Return means and standard deviations over seeds, and the medians of seconds."""
    names = [*(of_set.name for of_set in sets), MEAN]
    rows = []
    for (contender, vectors), group in grouped(scored).items():
        used = group[0].facts["used"]
        scores = [scores_of(sets, each.answers, mean_of=SCORES) for each in group]
        wall, cpu, speed = (
            statistics.median(each.facts[name] for each in group) for name in ("wall_s", "cpu_s", "words_per_s")
        )
        rows.append([
            contender, vectors, str(len(group)), f"{used['epochs']}", f"{used['alpha']:g}", f"{used['sample']:g}",
            f"{wall:.1f}", f"{cpu:.1f}", f"{round(speed, -3):,.0f}",
            *(mean_and_deviation([100 * score[name] for score in scores]) for name in names),
        ])  # fmt: skip
    header = ["", "vectors", "seeds", "epochs", "alpha", "sample", "wall s", "CPU s", "words/s", *names]
    return markdown_table(header, rows)


def mean_and_deviation(values: Sequence[float]) -> str:
    spread = f" ± {statistics.stdev(values):.1f}" if len(values) > 1 else ""
    return f"{statistics.mean(values):.1f}{spread}"


def grouped(scored: Sequence[Scored]) -> dict[tuple[str, str], list[Scored]]:
    """Return what differs by its seed only."""
    groups: dict[tuple[str, str], list[Scored]] = {}
    for each in sorted(scored, key=lambda each: (CONTENDERS.index(each.contender), each.vectors)):
        groups.setdefault((each.contender, each.vectors), []).append(each)
    return groups


def table_of_differences(scored: Sequence[Scored], sets: Sequence[TestSet], *, n_resamples: int) -> str:
    """Return differences of means over seeds, each with the interval that holds 95 % of the resamples."""
    groups = grouped(scored)
    names = [*(of_set.name for of_set in sets), MEAN]
    means = {
        key: {name: np.mean([scores_of(sets, each.answers, mean_of=SCORES)[name] for each in group]) for name in names}
        for key, group in groups.items()
    }
    systems = {key: [each.answers for each in group] for key, group in groups.items()}
    resampled = resampled_scores(sets, systems, mean_of=SCORES, n_resamples=n_resamples)
    has_processed = any(vectors == PROCESSED for _, vectors in groups)
    rows = {}
    for own, other in COMPARISONS:
        keys = (own, other) if has_processed else ((own[0], AS_TRAINED), (other[0], AS_TRAINED))
        if all(key in groups for key in keys):
            first, second = keys
            cells = []
            for name in names:
                low, high = interval(100 * (resampled[first][name] - resampled[second][name]))
                cells.append(f"{100 * (means[first][name] - means[second][name]):+.1f} [{low:+.1f}, {high:+.1f}]")
            rows[keys] = [f"{first[0]} ({first[1]})", f"{second[0]} ({second[1]})", *cells]
    return markdown_table(["", "minus", *names], rows.values())


def report_of(scored: Sequence[Scored], sets: Sequence[TestSet], *, n_resamples: int) -> str:
    """Return the tables in Markdown, with the processor and the settings of the preset.

    Without resamples there is no table of differences.
    """
    processors = ", ".join(sorted({each.facts["processor"] for each in scored}))
    used = next((each.facts["used"] for each in scored if each.contender == PRESET), {})
    parts = [
        f"Processor: {processors}. One thread.",
        f"Settings of the preset: {', '.join(f'{name} {value}' for name, value in used.items() if value is not None)}.",
        "Means ± standard deviations over seeds, × 100; medians of seconds, from the text to saved vectors.",
        table_of_scores(scored, sets),
    ]
    if n_resamples:
        parts += [
            f"Differences × 100, with 95 % intervals of {n_resamples:,} resamples of questions and seeds.",
            table_of_differences(scored, sets, n_resamples=n_resamples),
        ]
    return "\n\n".join(parts)


def compare(arguments: Namespace, corpus: Path) -> None:
    """Make the runs that are missing, and write OUTPUT.json and OUTPUT.md after each."""
    output: Path = arguments.output
    shared = {"corpus": Path(arguments.corpus).name, "words": arguments.words, "min_count": arguments.min_count}
    runs = Runs(output.with_name(output.name + "-runs"), corpus=corpus, shared=shared)
    sets = read_test_sets(arguments.word_pairs)
    scored: list[Scored] = []
    postprocess: Run | None = None
    settings = {**shared, "optimize": arguments.optimize, "restrict_vocab": arguments.restrict_vocab}

    def write(*, n_resamples: int) -> str:
        rows = [
            {**each.facts, "vectors": each.vectors, "scores": scores_of(sets, each.answers, mean_of=SCORES)}
            for each in scored
        ]
        report = report_of(scored, sets, n_resamples=n_resamples)
        write_results(output, settings=settings, measurements=rows, table=report, plot=None)
        return report

    for trained in contenders(arguments, runs):
        if trained.facts["contender"] == PRESET:
            postprocess = processing_of(trained.facts)
        for vectors, processing in ((AS_TRAINED, None), (PROCESSED, postprocess)):
            if vectors == AS_TRAINED or processing is not None:
                answers = answers_as(trained, processing, sets, restrict_vocab=arguments.restrict_vocab)
                scored.append(Scored(trained.facts["contender"], vectors, trained.facts, answers))
        write(n_resamples=0)
    print(write(n_resamples=arguments.resamples))
