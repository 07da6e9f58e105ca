"""Quality of the vectors of a config against gensim's on the very same tokens, over several seeds.

    python benchmarks/config_quality.py configs/chinese.cfg --paths.texts "data/*.parquet" \
        --word-pairs wordsim-240.txt --analogies analogy.txt

docs/guides/languages.md has scores of the default settings:

    --w2v.training.epochs 5 --w2v.training.alpha 0.025 --w2v.training.sample 0.001

For corpora that are not tokenized yet: the pipeline of the config makes the tokens, and gensim is given the words that
come of them, sentence by sentence. Both train in one thread with the hyper-parameters of the config, by skip-gram with
negative sampling, and both are scored by `spacy_w2v.evaluate`. Other options override the config.
"""

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from common import argument_parser, log, markdown_table, write_results
from gensim.models import KeyedVectors, Word2Vec
from matplotlib.figure import Figure
from spacy.cli._util import parse_config_overrides
from spacy.language import Language
from spacy.util import load_config, load_model_from_config, registry

import spacy_w2v

Run = dict[str, Any]  # Any: numbers and names, as they stand in JSON


class Job(NamedTuple):
    """What a config names."""

    source: Any  # Any: what its reader makes
    nlp: Language
    blocks: dict[str, dict[str, Any]]  # Any: values of all settings
    """The blocks of [w2v] that `spacy_w2v.train` takes."""


def read_job(path: Path, overrides: dict[str, Any], directory: Path) -> Job:
    """Fill a config with all defaults, and build what it names."""
    filled = directory / "filled.cfg"
    subprocess.run([sys.executable, "-m", "spacy", "w2v", "fill-config", str(path), str(filled)], check=True)
    config = load_config(filled, overrides=overrides, interpolate=True)
    blocks = {name: dict(config["w2v"][name]) for name in ("tokens", "vocabulary", "model", "training")}
    blocks["training"] = {name: value for name, value in blocks["training"].items() if name != "logger"}
    source = registry.resolve({"corpus": config["w2v"]["corpus"]})["corpus"]
    return Job(source, load_model_from_config({"nlp": config["nlp"]}, auto_fill=True), blocks)


def write_tokens(job: Job, path: Path, cache_dir: Path) -> int:
    """Write the words that the tokens of the corpus are, a sentence a line, and return how many there are."""
    n_tokens = 0
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for words in spacy_w2v.tokenize(job.source, job.nlp, cache_dir=cache_dir, **job.blocks["tokens"]):
            if spaced := [word for word in words if any(character.isspace() for character in word)]:
                raise SystemExit(f"Words must be without white space for gensim's lines, but there is: {spaced[0]!r}.")
            file.write(" ".join(words) + "\n")
            n_tokens += len(words)
    return n_tokens


def train_ours(job: Job, cache_dir: Path, seed: int) -> spacy_w2v.Word2Vec:
    training = {**job.blocks["training"], "seed": seed, "workers": 1}
    return spacy_w2v.train(job.source, job.nlp, cache_dir=cache_dir, **{**job.blocks, "training": training})


def train_gensim(job: Job, tokens: Path, seed: int) -> KeyedVectors:
    model, training = job.blocks["model"], job.blocks["training"]
    return Word2Vec(
        corpus_file=str(tokens),
        sg=1,
        **{name: model[name] for name in ("vector_size", "window", "negative", "ns_exponent")},
        **{name: training[name] for name in ("sample", "min_alpha", "epochs")},
        alpha=training["alpha"] or 0.025,
        min_count=job.blocks["vocabulary"]["min_count"],
        seed=seed,
        workers=1,
    ).wv


def measures_of(
    vectors: spacy_w2v.Word2Vec | KeyedVectors, *, word_pairs: list[Path], analogies: list[Path], restrict_vocab: int
) -> Iterator[Run]:
    """Yield the score of each set that has questions of known words."""
    scores = spacy_w2v.evaluate(vectors, word_pairs=word_pairs, analogies=analogies, restrict_vocab=restrict_vocab)
    for name, pairs in scores.word_pairs.items():
        yield {"set": name, "measure": "spearman", "score": pairs.spearman, "n_used": pairs.n_used}
    for name, solved in scores.analogies.items():
        yield {"set": name, "measure": "accuracy", "score": solved.accuracy, "n_used": solved.n_used}


def table_of(runs: list[Run]) -> str:
    rows = []
    for trainer, name, measure in dict.fromkeys((run["trainer"], run["set"], run["measure"]) for run in runs):
        group = [run for run in runs if (run["trainer"], run["set"], run["measure"]) == (trainer, name, measure)]
        scores = [100 * float(run["score"]) for run in group]
        spread = f" ± {statistics.stdev(scores):.1f}" if len(scores) > 1 else ""
        rows.append([name, measure, trainer, str(len(group)), f"{statistics.mean(scores):.1f}{spread}"])
    return markdown_table(["set", "measure", "trainer", "seeds", "score × 100"], rows)


def plot_of(runs: list[Run]) -> Figure:
    """Draw the score of each seed as a point."""
    labels = [f"{run['set']}, {run['measure']}, {run['trainer']}" for run in runs]
    figure = Figure(figsize=(8, 1.5 + 0.4 * len(set(labels))), layout="constrained")
    axes = figure.subplots()
    axes.plot([100 * float(run["score"]) for run in runs], labels, "o")
    axes.set_xlabel("score × 100")
    axes.invert_yaxis()
    return figure


def main() -> None:
    parser = argument_parser(__doc__, name="config_quality")
    parser.add_argument("config", type=Path)
    parser.add_argument("--word-pairs", type=Path, nargs="*", default=[])
    parser.add_argument("--analogies", type=Path, nargs="*", default=[])
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--restrict-vocab", type=int, default=30_000, help="most frequent words, for analogies")
    arguments, others = parser.parse_known_args()
    overrides = parse_config_overrides(others)
    sets = {name: getattr(arguments, name) for name in ("word_pairs", "analogies", "restrict_vocab")}
    runs: list[Run] = []
    with tempfile.TemporaryDirectory() as temporary:
        job = read_job(arguments.config, overrides, Path(temporary))
        if (job.blocks["model"]["architecture"], job.blocks["model"]["loss"]) != ("skip-gram", "negative-sampling"):
            raise SystemExit("The config must be of skip-gram with negative sampling, for which gensim is set up here.")
        tokens, cache_dir = Path(temporary, "tokens.txt"), Path(temporary, "cache")
        settings = {"config": arguments.config.name, "overrides": overrides, "restrict_vocab": arguments.restrict_vocab}
        settings["n_tokens"] = write_tokens(job, tokens, cache_dir)
        for seed in arguments.seeds:
            trainers: dict[str, Callable[[], spacy_w2v.Word2Vec | KeyedVectors]] = {
                "spacy-w2v": partial(train_ours, job, cache_dir, seed),
                "gensim": partial(train_gensim, job, tokens, seed),
            }
            for name, train in trainers.items():
                start = time.perf_counter()
                vectors = train()
                seconds = time.perf_counter() - start
                for measure in measures_of(vectors, **sets):
                    if measure["score"] is not None:
                        runs.append({"trainer": name, "seed": seed, "seconds": seconds, **measure})
                        log(**runs[-1])
            write_results(
                arguments.output, settings=settings, measurements=runs, table=table_of(runs), plot=plot_of(runs)
            )


if __name__ == "__main__":
    main()
