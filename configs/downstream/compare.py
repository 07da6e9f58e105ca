"""Compare pipelines without word vectors, with them, and with a pretrained tok2vec layer.

    python configs/downstream/compare.py CORPUS --vectors vectors --tok2vec pretrained/model-last.bin
    python configs/downstream/compare.py CORPUS --vectors vectors --whitened vectors/whitened

The tasks are named entity recognition, tagging and text classification. CORPUS has a folder for each task with
train.spacy, dev.spacy and test.spacy, as the workflow `downstream` of project.yml creates them. Each run trains a
pipeline with `spacy train` and evaluates its best model on the test set with `spacy evaluate`. The runs of a task
differ only in the variant and the seed. Results are saved after each run. A run is repeated only if its config, data or
vectors have changed. The variants whose files are not named are left out.
"""

import argparse
import hashlib
import json
import platform
import shutil
import statistics
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

from scipy.special import stdtrit
from spacy.util import load_config
from tables import markdown_table
from weasel.util import get_checksum

CONFIG = Path("configs", "downstream", "pipeline.cfg")


class Task(NamedTuple):
    """A data set, the pipelines that are trained on it, and the score of `spacy evaluate` that is reported."""

    folder: str
    title: str
    score: str
    max_steps: int
    """Training steps of all variants. Later, the score on the development set hardly rises."""
    pipelines: Mapping[str, Sequence[str]]
    """The components of each variant."""


class Run(NamedTuple):
    task: Task
    variant: str
    seed: int

    @property
    def name(self) -> str:
        return f"{self.task.folder}-{self.variant}-{self.seed}"


VARIANTS = {
    "without": "without vectors",
    "vectors": "with vectors",
    "pretrained": "with vectors, pretrained",
    "whitened": "with vectors, soft whitening",
    "mean": "mean of vectors, linear",
    "mean-whitened": "mean of vectors, soft whitening, linear",
    "bow": "bag of words, linear",
    "bow-128": "bag of words in 128 buckets, linear",
}
"""The variants and their names in the table."""

FILES_OF_VARIANTS = {
    "vectors": ("vectors",),
    "pretrained": ("vectors", "tok2vec"),
    "whitened": ("whitened",),
    "mean": ("vectors",),
    "mean-whitened": ("whitened",),
}
"""The options with the files of each variant: the word vectors first, then the weights of a pretrained layer."""


def _layered(component: str) -> dict[str, Sequence[str]]:
    return dict.fromkeys(("without", "vectors", "pretrained", "whitened"), ("tok2vec", component))


TASKS = (
    Task("wnut17", "WNUT-17, entities, F", "ents_f", 400, _layered("ner")),
    Task("gum", "GUM, fine-grained tags, accuracy", "tag_acc", 1200, _layered("tagger")),
    Task(
        "sst2",
        "SST-2, sentiment, accuracy",
        "cats_micro_f",  # the accuracy for exclusive classes
        400,
        _layered("textcat")
        | dict.fromkeys(("mean", "mean-whitened"), ("textcat_mean",))
        | dict.fromkeys(("bow", "bow-128"), ("textcat_bow",)),
    ),
)


def overrides_of(run: Run, options: argparse.Namespace) -> dict[str, Any]:  # Any: of JSON
    """Return the config settings of a run, as options of `spacy train`."""
    settings: dict[str, Any] = {
        "nlp.pipeline": list(run.task.pipelines[run.variant]),
        "paths.train": str(options.corpus / run.task.folder / "train.spacy"),
        "paths.dev": str(options.corpus / run.task.folder / "dev.spacy"),
        "system.seed": run.seed,
        "training.max_steps": options.max_steps or run.task.max_steps,
    }
    if run.variant in ("vectors", "pretrained", "whitened"):
        settings["components.tok2vec.model.embed.include_static_vectors"] = True
    names = FILES_OF_VARIANTS.get(run.variant, ())
    for setting, name in zip(("paths.vectors", "paths.init_tok2vec"), names, strict=False):
        settings[setting] = str(getattr(options, name))
    if run.variant == "bow-128":
        settings["components.textcat_bow.model.length"] = 128
    return settings


def files_of(settings: Mapping[str, Any]) -> list[Path]:  # Any: of JSON
    """Return the test set, and the files and directories in the settings."""
    named = [Path(value) for name, value in settings.items() if name.startswith("paths.")]
    return [Path(settings["paths.train"]).with_name("test.spacy"), *named]


@cache
def checksum(path: Path) -> str:
    """Return the checksum of a file or of a pipeline's vectors, without its meta.json, which contains times."""
    return get_checksum(path / "vocab" if path.is_dir() else path)


def fingerprint(config_path: Path, settings: Mapping[str, Any]) -> str:  # Any: of JSON
    """Return a hash of everything that determines a run's score: its config and the content of its files."""
    config = load_config(config_path, overrides=dict(settings), interpolate=True)
    config["components"] = {name: config["components"][name] for name in config["nlp"]["pipeline"]}
    del config["corpora"]["pretrain"], config["pretraining"], config["paths"]  # the paths in use have been interpolated
    content = json.dumps([config, [checksum(file) for file in files_of(settings)]], sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()


def spacy_command(*arguments: object, log_file: Path) -> None:
    """Run a spaCy command with its output in a file. If it fails, exit with the last lines of the output."""
    command = [sys.executable, "-m", "spacy", *map(str, arguments)]
    with log_file.open("a", encoding="utf-8") as file:
        code = subprocess.run(command, stdout=file, stderr=subprocess.STDOUT, check=False).returncode
    if code:
        last = "\n".join(log_file.read_text(encoding="utf-8").splitlines()[-15:])
        raise SystemExit(f"{' '.join(command)}\nfailed with exit code {code}. The last lines of {log_file}:\n{last}")


def measure(run: Run, options: argparse.Namespace) -> dict[str, Any]:  # Any: of JSON
    """Train and evaluate a pipeline, or return saved results. The model is deleted; log and scores are kept."""
    settings = overrides_of(run, options)
    runs: Path = options.output.parent / "runs"
    result, model, scores = (runs / f"{run.name}{suffix}" for suffix in (".json", "", ".scores.json"))
    key = fingerprint(options.config, settings)
    if result.exists() and (found := json.loads(result.read_text(encoding="utf-8")))["fingerprint"] == key:
        return dict(found)
    runs.mkdir(parents=True, exist_ok=True)
    log_file = runs / f"{run.name}.log"
    log_file.unlink(missing_ok=True)
    arguments = [part for name, value in settings.items() for part in (f"--{name}", as_option(value))]
    spacy_command("train", options.config, "--output", model, *arguments, log_file=log_file)
    spacy_command("evaluate", model / "model-best", files_of(settings)[0], "--output", scores, log_file=log_file)
    measured = {
        "task": run.task.folder,
        "variant": run.variant,
        "seed": run.seed,
        "score": json.loads(scores.read_text(encoding="utf-8"))[run.task.score],
        "settings": settings,
        "fingerprint": key,
    }
    shutil.rmtree(model)
    scores.unlink()
    result.write_text(json.dumps(measured, indent=2) + "\n", encoding="utf-8")
    print(f"task={run.task.folder}  variant={run.variant}  seed={run.seed}  score={measured['score']:.4g}", flush=True)
    return measured


def versions() -> dict[str, str]:
    """Return the versions of Python and packages, on which scores depend as well."""
    packages = ("spacy-w2v", "spacy", "thinc", "numpy")
    return {"python": platform.python_version(), **{package: version(package) for package in packages}}


def as_option(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def table_of(measurements: Sequence[Mapping[str, Any]]) -> str:  # Any: of JSON
    """Return a table of means ± standard deviations (× 100) over the seeds, and of gains over the first variant.

    Two runs of the same seed make a pair. The last column is the 95 % interval of the mean of their differences,
    by Student's t.
    """
    return markdown_table(("", "", "seeds", "score", "gain", "95 %"), _rows(measurements))


def _rows(measurements: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, ...]]:
    for task in TASKS:
        base: dict[int, float] = {}
        for variant in task.pipelines:
            of_variant = [m for m in measurements if (m["task"], m["variant"]) == (task.folder, variant)]
            scores = {m["seed"]: 100 * m["score"] for m in of_variant}
            if not scores:
                continue
            spread = f" ± {statistics.stdev(scores.values()):.2f}" if len(scores) > 1 else ""
            gains = [score - base[seed] for seed, score in scores.items() if seed in base]
            base = base or scores
            score = f"{statistics.mean(scores.values()):.2f}{spread}"
            yield task.title, VARIANTS[variant], str(len(scores)), score, *_gain_cells(gains)


def _gain_cells(gains: Sequence[float]) -> tuple[str, str]:
    if not gains:
        return "", ""
    mean = statistics.mean(gains)
    if len(gains) == 1:
        return f"{mean:+.2f}", ""
    half = float(stdtrit(len(gains) - 1, 0.975)) * statistics.stdev(gains) / len(gains) ** 0.5
    return f"{mean:+.2f}", f"{mean - half:+.2f} to {mean + half:+.2f}"


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path, help="folder with a folder for each task")
    parser.add_argument("--config", type=Path, default=CONFIG, help="training config")
    parser.add_argument("--vectors", type=Path, help="pipeline with the word vectors")
    parser.add_argument("--tok2vec", type=Path, help="weights saved by spacy pretrain with these vectors")
    parser.add_argument("--whitened", type=Path, help="pipeline with the same vectors after soft whitening")
    parser.add_argument("--tasks", nargs="+", choices=[task.folder for task in TASKS], help="default: all")
    parser.add_argument(
        "--variants", nargs="+", choices=list(VARIANTS), help="default: all whose files the options above name"
    )
    parser.add_argument("--seeds", type=int, default=3, help="number of runs of each variant, each with another seed")
    parser.add_argument("--max-steps", type=int, default=0, help="training steps; 0 for the default of each task")
    parser.add_argument("--jobs", type=int, default=1, help="number of parallel runs")
    parser.add_argument(
        "--output", type=Path, default=Path("results", "downstream"), help="results file, without suffix"
    )
    options = parser.parse_args()
    for name, least in (("seeds", 1), ("jobs", 1), ("max_steps", 0)):
        if getattr(options, name) < least:
            option = name.replace("_", "-")
            parser.error(f"--{option} must be at least {least}, was: {getattr(options, name)}")
    lacking = {variant: _lacking(variant, options) for variant in VARIANTS}
    options.variants = options.variants or [variant for variant in VARIANTS if not lacking[variant]]
    for variant in options.variants:
        if lacking[variant]:
            parser.error(f"--variants {variant} must come with {lacking[variant]}, which was left out")
    return options


def _lacking(variant: str, options: argparse.Namespace) -> str:
    """Return the options that a variant needs and that were not given."""
    names = FILES_OF_VARIANTS.get(variant, ())
    return " and ".join(f"--{name}" for name in names if getattr(options, name) is None)


def main() -> None:
    options = parse_options()
    runs = [
        Run(task, variant, seed)
        for seed in range(options.seeds)
        for task in TASKS
        for variant in task.pipelines
        if task.folder in (options.tasks or task.folder) and variant in options.variants
    ]
    needed = {options.config, *(file for run in runs for file in files_of(overrides_of(run, options)))}
    if missing := sorted(str(file) for file in needed if not file.exists()):
        raise SystemExit(
            f"Input files must exist, but these do not: {', '.join(missing)}. Create them with the workflow "
            "downstream of project.yml."
        )
    with ThreadPoolExecutor(options.jobs) as pool:
        measurements = list(pool.map(lambda run: measure(run, options), runs))
    table = table_of(measurements)
    report = {"versions": versions(), "measurements": measurements}
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.with_suffix(".json").write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    options.output.with_suffix(".md").write_text(table, encoding="utf-8")
    print(table)


if __name__ == "__main__":
    main()
