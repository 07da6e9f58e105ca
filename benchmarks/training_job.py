"""Train one model and keep its vectors, in a process of its own: what presets.py starts for every run.

    python benchmarks/training_job.py '{"program": "gensim", "corpus": "text.txt", ...}'

The argument has the fields of `Job`. The last line printed is a JSON object: the settings that were used, by our names,
and the words of the corpus per second of training.
"""

import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

EXPORTED, RAW = "vectors.kv", "raw.kv"
"""The vectors that the program exports, and ours before post-processing."""
BLOCKS = {
    "model": ("architecture", "loss", "vector_size", "window", "negative", "ns_exponent", "cbow_mean"),
    "training": ("epochs", "sample", "alpha", "min_alpha", "shared_noise"),
    "export": ("vector_kind", "postprocess", "whitening_strength"),
}
"""The settings that are reported, by their block."""


class Job(NamedTuple):
    program: str
    corpus: str
    output: str
    """Directory for the vectors."""
    min_count: int
    seed: int
    settings: dict[str, Any]  # Any: values of settings
    """Arguments of `spacy_w2v.train` or of gensim's `Word2Vec`, by name."""


Result = dict[str, Any]  # Any: numbers and names, as they stand in JSON


def train_spacy_w2v(job: Job) -> Result:
    from spacy.util import load_config_from_str

    import spacy_w2v

    with tempfile.TemporaryDirectory(dir=job.output) as cache_dir:
        model = spacy_w2v.train(
            Path(job.corpus), tokenizer="whitespace", cache_dir=cache_dir, n_process=1, workers=1,
            min_count=job.min_count, seed=job.seed, **job.settings,
        )  # fmt: skip
    export = load_config_from_str(model.config)["w2v"]["export"]
    blocks = {**model.meta, "export": export}
    used = {name: blocks[block][name] for block, names in BLOCKS.items() for name in names}
    kind = export["vector_kind"]
    model.to_keyed_vectors(vector_kind=kind).save(str(Path(job.output, EXPORTED)))
    if used["postprocess"] is not None:
        model.to_keyed_vectors(vector_kind=kind, postprocess=None).save(str(Path(job.output, RAW)))
    return {"used": used, **{name: model.meta["results"][-1][name] for name in ("seconds", "words_per_s")}}


def train_gensim(job: Job) -> Result:
    """Train from a file, `corpus_file`, which is gensim's fastest way."""
    from gensim.models import Word2Vec

    model = Word2Vec(min_count=job.min_count, seed=job.seed, workers=1, **job.settings)
    model.build_vocab(corpus_file=job.corpus)
    start = time.perf_counter()
    model.train(
        corpus_file=job.corpus, total_words=model.corpus_total_words, total_examples=model.corpus_count,
        epochs=model.epochs,
    )  # fmt: skip
    seconds = time.perf_counter() - start
    model.wv.save(str(Path(job.output, EXPORTED)))
    used = {name: getattr(model, name) for name in ("vector_size", "window", "negative", "epochs", "sample", "alpha")}
    return {"used": used, "seconds": seconds, "words_per_s": model.epochs * model.corpus_total_words / seconds}


PROGRAMS: dict[str, Callable[[Job], Result]] = {"spacy-w2v": train_spacy_w2v, "gensim": train_gensim}


def main() -> None:
    job = Job(**json.loads(sys.argv[1]))
    print(json.dumps(PROGRAMS[job.program](job)))


if __name__ == "__main__":
    main()
