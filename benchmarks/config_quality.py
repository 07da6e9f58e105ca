"""Quality of the vectors of a config against gensim's on the very same tokens, over several seeds.

    python benchmarks/config_quality.py configs/chinese.cfg --paths.texts "data/*.parquet" \
        --word-pairs wordsim-240.txt --analogies analogy.txt

For corpora that are not tokenized yet: the pipeline of the config makes the tokens, and gensim is given the words that
come of them, sentence by sentence. Both train in one thread with the hyper-parameters of the config, by skip-gram with
negative sampling, and both are scored by the same functions of gensim. Other options override the config.
"""

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from common import argument_parser, log, markdown_table, write_results
from gensim.models import KeyedVectors, Word2Vec
from matplotlib.figure import Figure
from spacy.cli._util import parse_config_overrides

from spacy_w2v.config._loading import load_config
from spacy_w2v.corpus._cache import prepared_corpus
from spacy_w2v.evaluation._scores import score_rows
from spacy_w2v.evaluation._scoring import evaluate
from spacy_w2v.training._composition import train_model
from spacy_w2v.training._resolved_config import ResolvedConfig, resolve
from spacy_w2v.training._run import TrainingRun

Run = dict[str, Any]  # Any: numbers and names, as they stand in JSON


def write_tokens(job: ResolvedConfig, path: Path, cache_dir: Path) -> int:
    """Write the words that the tokens of the corpus are, a sentence a line, and return how many there are."""
    vocabulary = job.settings.vocabulary
    with (
        prepared_corpus(
            job.source, job.nlp, job.settings.tokens, max_vocab_size=vocabulary.max_vocab_size, cache_dir=cache_dir
        ) as corpus,
        path.open("w", encoding="utf-8", newline="\n") as file,
    ):
        types = corpus.read_types()
        keys = dict(zip(types["id"].to_pylist(), types["key"].to_pylist(), strict=True))
        if spaced := [key for key in keys.values() if any(character.isspace() for character in key)]:
            raise SystemExit(f"Words must be without white space for gensim's lines, but there is: {spaced[0]!r}.")
        file.writelines(" ".join(map(keys.__getitem__, sentence.tolist())) + "\n" for sentence in corpus.sentences())
        return corpus.counts.n_tokens


def train_ours(config: Path, overrides: dict[str, Any], cache_dir: Path) -> KeyedVectors:
    job = resolve(load_config(config, overrides))
    model = train_model(TrainingRun.of(job, cache_dir=cache_dir))
    return model.to_keyed_vectors()


def train_gensim(job: ResolvedConfig, tokens: Path, seed: int) -> KeyedVectors:
    model, training = job.settings.model, job.settings.training
    return Word2Vec(
        corpus_file=str(tokens),
        sg=1,
        vector_size=model.vector_size,
        window=model.window,
        negative=model.negative,
        ns_exponent=model.ns_exponent,
        min_count=job.settings.vocabulary.min_count,
        sample=training.sample,
        alpha=training.alpha or 0.025,
        min_alpha=training.min_alpha,
        epochs=training.epochs,
        seed=seed,
        workers=1,
    ).wv


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
    overrides = {**parse_config_overrides(others), "w2v.training.workers": 1}
    job = resolve(load_config(arguments.config, overrides))
    if (job.settings.model.architecture, job.settings.model.loss) != ("skip-gram", "negative-sampling"):
        raise SystemExit("The config must be of skip-gram with negative sampling, for which gensim is set up here.")
    runs: list[Run] = []
    with tempfile.TemporaryDirectory() as temporary:
        tokens, cache_dir = Path(temporary, "tokens.txt"), Path(temporary, "cache")
        settings = {"config": arguments.config.name, "overrides": overrides, "restrict_vocab": arguments.restrict_vocab}
        settings["n_tokens"] = write_tokens(job, tokens, cache_dir)
        for seed in arguments.seeds:
            trainers: dict[str, Callable[[], KeyedVectors]] = {
                "spacy-w2v": lambda seed=seed: train_ours(
                    arguments.config, {**overrides, "w2v.training.seed": seed}, cache_dir
                ),
                "gensim": lambda seed=seed: train_gensim(job, tokens, seed),
            }
            for name, train in trainers.items():
                start = time.perf_counter()
                vectors = train()
                seconds = time.perf_counter() - start
                scores = evaluate(
                    vectors,
                    word_pairs={path.stem: path for path in arguments.word_pairs},
                    analogies={path.stem: path for path in arguments.analogies},
                    restrict_vocab=arguments.restrict_vocab,
                )
                for set_, measure, score, n_used in score_rows(scores, measures=("spearman", "accuracy")):
                    if n_used == "0":
                        continue
                    run = {"trainer": name, "seed": seed, "seconds": seconds, "n_used": n_used}
                    runs.append(run | {"set": set_, "measure": measure, "score": score})
                    log(**runs[-1])
            write_results(
                arguments.output, settings=settings, measurements=runs, table=table_of(runs), plot=plot_of(runs)
            )


if __name__ == "__main__":
    main()
