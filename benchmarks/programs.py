"""Train one model with one program, in a process of its own: what peers.py starts for every run.

    python benchmarks/programs.py '{"program": "gensim", "measure": "speed", "corpus": "text.txt", ...}'

The argument has the fields of `Job`. The last line printed is a JSON object with what was measured.
"""

import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from objectives import floret_settings, gensim_settings

WORDS, VECTORS = "words.txt", "vectors.npy"
"""Files beside the corpus: strings, one a line, and what the measure "strings" writes for them."""


class Job(NamedTuple):
    program: str
    measure: str
    """speed: time the training alone; process: train and save; quality: train and score; strings: train and write the
    vectors of all strings in a file."""
    corpus: str
    n_words: int
    output: str
    """Directory for what is saved."""
    architecture: str
    loss: str
    vector_size: int
    threads: int
    epochs: int
    seed: int
    min_count: int
    sample: float
    alpha: float | None = None
    """None for 0.025, and for the default of ours, which is 0.15 with CBOW."""


Result = dict[str, Any]  # Any: numbers and names, as they stand in JSON


class Clock:
    """Wall time and CPU time of this process since the clock was made."""

    def __init__(self) -> None:
        self.start = time.perf_counter(), time.process_time()

    def read(self) -> tuple[float, float]:
        return time.perf_counter() - self.start[0], time.process_time() - self.start[1]


def rates(n_words: int, seconds: tuple[float, float]) -> Result:
    """Return words per second of wall time, and of CPU time, which other work on the machine changes less."""
    return {"words_per_s": n_words / seconds[0], "words_per_cpu_s": n_words / seconds[1]}


def speed_epochs(n_words: int) -> int:
    """Return how many epochs of ours are timed: up to ten, because epochs over a short text are short."""
    return min(10, max(2, 10_000_000 // n_words))


def run_spacy_w2v(job: Job, *, kernel: str = "blocked", subwords: str | None = None) -> Result:
    """Train with the public function. The speed is that of epochs after a first one, which encodes the corpus."""
    import spacy_w2v

    own_cache = Path(job.output, "cache") if job.measure == "process" else Path(job.corpus).with_name("cache")

    def train(epochs: int) -> spacy_w2v.Word2Vec:
        return spacy_w2v.train(
            Path(job.corpus), tokenizer="whitespace", cache_dir=own_cache, kernel=kernel, n_process=job.threads,
            architecture=job.architecture, loss=job.loss, vector_size=job.vector_size, epochs=epochs,
            min_count=job.min_count, sample=job.sample, alpha=job.alpha, workers=job.threads, seed=job.seed,
            subwords=subwords,
        )  # fmt: skip

    if job.measure == "speed":
        n_epochs = speed_epochs(job.n_words)
        train(1)  # imports, encodes and compiles
        clock = Clock()
        train(1)
        once = clock.read()
        clock = Clock()
        results = train(1 + n_epochs).meta["results"]
        cpu_s = clock.read()[1] - once[1]
        wall = statistics.median(epoch["words_per_s"] for epoch in results)
        return {"words_per_s": wall, "words_per_cpu_s": n_epochs * job.n_words / cpu_s}
    model = train(job.epochs)
    if job.measure == "quality":
        return scores_of(model)
    if job.measure == "strings":
        write_vectors(job, model.__getitem__)
        return {}
    model.to_keyed_vectors().save(str(Path(job.output, "vectors.kv")), separately=["vectors"])
    return {}


def run_gensim(job: Job, *, model_class: str) -> Result:
    """Train from a file, `corpus_file`, which is gensim's fastest way: its threads read parts of the file."""
    import gensim.models

    model = getattr(gensim.models, model_class)(
        **gensim_settings(job.architecture, job.loss), window=5, vector_size=job.vector_size, seed=job.seed,
        min_count=job.min_count, sample=job.sample, workers=job.threads, alpha=job.alpha or 0.025,
    )  # fmt: skip
    model.build_vocab(corpus_file=job.corpus)
    clock = Clock()
    model.train(corpus_file=job.corpus, total_words=job.n_words, total_examples=model.corpus_count, epochs=job.epochs)
    seconds = clock.read()
    if job.measure == "process":
        model.wv.save(str(Path(job.output, "vectors.kv")), separately=["vectors"])
    if job.measure == "strings":
        write_vectors(job, model.wv.get_vector)
    return scores_of(model.wv) if job.measure == "quality" else rates(job.epochs * job.n_words, seconds)


NO_SUBWORDS = {"minn": 0, "maxn": 0}
FASTTEXT_SUBWORDS = {"minn": 3, "maxn": 6, "bucket": 2_000_000}
"""fastText's defaults."""
FLORET_SUBWORDS = {"minn": 4, "maxn": 5, "bucket": 50_000, "mode": "floret", "hashCount": 2}
"""The settings of floret's README."""


def run_fasttext(job: Job, *, module: str, subwords: Result) -> Result:
    """Train with fastText or floret, which have the same face.

    One call counts the words, makes the weights and trains. For the speed of training alone, a call with no epoch is
    timed too, and taken away.
    """
    library = __import__(module)
    # floret's function has no argument for the seed, but its defaults have one
    sys.modules[library.train_unsupervised.__module__].unsupervised_default["seed"] = job.seed

    def train(epochs: int) -> Any:  # Any: either library's model
        return library.train_unsupervised(
            job.corpus, **floret_settings(job.architecture, job.loss), **subwords, neg=5, ws=5, verbose=0,
            minCount=job.min_count, dim=job.vector_size, t=job.sample, thread=job.threads, epoch=epochs,
            lr=job.alpha or 0.025,
        )  # fmt: skip

    clock = Clock()
    if job.measure == "speed":
        train(0)
    before = clock.read()
    clock = Clock()
    model = train(job.epochs)
    wall_s, cpu_s = clock.read()
    if job.measure == "process":
        save_fasttext(model, Path(job.output), module=module, subwords=subwords)
    if job.measure == "strings":
        write_vectors(job, model.get_word_vector)
    if job.measure == "quality":
        return scores_of(word_vectors(model, vector_size=job.vector_size))
    return rates(job.epochs * job.n_words, (wall_s - before[0], cpu_s - before[1]))


def save_fasttext(model: Any, output: Path, *, module: str, subwords: Result) -> None:  # Any: either library's model
    """Save what is used afterwards: the table for spaCy from floret, the binary model from fastText."""
    if module == "fasttext":
        model.save_model(str(output / "vectors.bin"))
    elif subwords["maxn"]:
        model.save_floret_vectors(str(output / "vectors.floret"))
    else:
        model.save_vectors(str(output / "vectors.vec"))


def word_vectors(model: Any, *, vector_size: int) -> Any:  # Any: of libraries without types
    """Return the vectors of the words of the vocabulary: those of other words, from subwords, are left out."""
    import numpy as np
    from gensim.models import KeyedVectors

    words, counts = model.get_words(include_freq=True)
    keep = [place for place, word in enumerate(words) if word != "</s>"]
    keyed = KeyedVectors(vector_size)
    keyed.add_vectors([words[place] for place in keep], np.stack([model.get_word_vector(words[p]) for p in keep]))
    for place in keep:
        keyed.set_vecattr(words[place], "count", int(counts[place]))
    return keyed


def write_vectors(job: Job, vector_of: Callable[[str], Any]) -> None:  # Any: a vector
    """Write the vectors of the strings that are in a file beside the corpus; zeros where `vector_of` has no key."""
    import numpy as np

    strings = Path(job.corpus).with_name(WORDS).read_text(encoding="utf-8").splitlines()
    vectors = np.zeros((len(strings), job.vector_size), np.float32)
    for place, string in enumerate(strings):
        with suppress(KeyError):
            vectors[place] = vector_of(string)
    np.save(Path(job.corpus).with_name(VECTORS), vectors)


def scores_of(vectors: Any) -> Result:  # Any: whatever `evaluate` takes
    """Return Spearman's rank correlations and the share of analogies solved among the 30,000 most frequent words."""
    import spacy_w2v

    scores = spacy_w2v.evaluate(vectors, restrict_vocab=30_000)
    found: Result = {name: score.spearman for name, score in scores.word_pairs.items()}
    return found | {name: score.accuracy for name, score in scores.analogies.items()}


PROGRAMS: dict[str, Callable[[Job], Result]] = {
    "spacy-w2v": run_spacy_w2v,
    "spacy-w2v, first run": run_spacy_w2v,
    "spacy-w2v, sequential": partial(run_spacy_w2v, kernel="sequential"),
    "gensim": partial(run_gensim, model_class="Word2Vec"),
    "floret": partial(run_fasttext, module="floret", subwords=NO_SUBWORDS),
    "fastText": partial(run_fasttext, module="fasttext", subwords=NO_SUBWORDS),
    "spacy-w2v, floret subwords": partial(run_spacy_w2v, subwords="floret"),
    "spacy-w2v, fastText subwords": partial(run_spacy_w2v, subwords="fasttext"),
    "gensim, subwords": partial(run_gensim, model_class="FastText"),
    "floret, subwords": partial(run_fasttext, module="floret", subwords=FLORET_SUBWORDS),
    "fastText, subwords": partial(run_fasttext, module="fasttext", subwords=FASTTEXT_SUBWORDS),
}
"""By name. "first run" is given an empty directory for compiled kernels."""


def main() -> None:
    job = Job(**json.loads(sys.argv[1]))
    with tempfile.TemporaryDirectory(dir=job.output) as output:
        print(json.dumps(PROGRAMS[job.program](job._replace(output=output))))


if __name__ == "__main__":
    main()
