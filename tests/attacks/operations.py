"""What reads files: commands and functions of the package, each run in the directory of a sample.

Each returns a string that tells all of its result, such as a digest of vectors, and raises what the package raises, or
`RefusedError` where a command ends with exit code 1.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from trials import RefusedError

TRAIN = ("train", "config.cfg", "--output", "out", "--cache-dir", "cache")
TRAIN_QUICKLY = (*TRAIN, "--w2v.training.epochs", "1")
PAIRS, ANALOGIES = "pairs.tsv", "analogies.txt"


class Operation(NamedTuple):
    """Something that reads the files of a sample, named for tables and reproducers."""

    name: str
    run: Callable[[], str]
    """Runs in the working directory."""


def command(*arguments: str) -> str:
    """Run a command of `spacy w2v` within this process, and return what it printed.

    Raises RefusedError for exit codes 1 and 2, and whatever the command lets through.
    """
    from typer.testing import CliRunner

    from spacy_w2v.cli import w2v_cli

    done = CliRunner().invoke(w2v_cli, list(arguments))
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    if done.exit_code != 0:
        raise RefusedError(f"exit code {done.exit_code}: {done.output[-2000:]}")
    return done.output


def digest(*values: Any) -> str:  # Any: arrays, bytes, and what JSON takes
    """Return a short hash of some values, of arrays with their types and shapes."""
    hashed = hashlib.sha256()
    for value in values:
        if isinstance(value, np.ndarray):
            hashed.update(f"{value.dtype.str} {value.shape}".encode() + np.ascontiguousarray(value).tobytes())
        elif isinstance(value, bytes):
            hashed.update(value)
        else:
            hashed.update(json.dumps(value, sort_keys=True, default=repr).encode())
        hashed.update(b"\0")
    return hashed.hexdigest()[:24]


def digest_of_model(model: Any) -> str:  # Any: a Word2Vec
    """Return a hash of all that a model holds, but for the time and the machine that made it."""
    meta = {name: value for name, value in model.meta.items() if name not in ("created", "versions", "results")}
    forms = model.vocabulary.forms
    tree = () if model.tree is None else tuple(model.tree[:3])
    columns = [forms[name].to_pylist() for name in forms.column_names]
    weights = np.array(model.input_vectors), np.array(model.output_vectors)
    return digest(model.words, np.array(model.vocabulary.counts), columns, *weights, *tree, model.config, meta)


def digest_of_weights(directory: Path) -> str:
    """Return a hash of what training fills."""
    import spacy_w2v

    model = spacy_w2v.load(directory)
    return digest(model.words, np.array(model.vocabulary.counts), model.input_vectors, model.output_vectors)


def train(*options: str, base: tuple[str, ...] = TRAIN_QUICKLY) -> str:
    """Train to out/, and return a hash of words and weights."""
    command(*base, *options)
    return digest_of_weights(Path("out"))


def train_twice(*options: str) -> str:
    """Train, which may mend what is damaged, and again, which must find it mended."""
    first = train(*options)
    shutil.rmtree("out")
    if (second := train(*options)) != first:
        return f"{first}, and then {second}"
    return first


def load(path: str, *, mmap: bool = False) -> str:
    """Load a model."""
    import spacy_w2v

    return digest_of_model(spacy_w2v.load(path, mmap=mmap))


def export(path: str, format_: str) -> str:
    """Export a model, and return a hash of what the file says."""
    name = {"spacy": "exported", "gensim": "exported.kv"}.get(format_, "exported.txt")
    command("export", path, name, "--format", format_)
    if format_ == "spacy":
        return _digest_of_pipeline(name)
    if format_ == "gensim":
        from gensim.models import KeyedVectors

        vectors = KeyedVectors.load(name)
        return digest(vectors.index_to_key, vectors.vectors, np.array(vectors.expandos["count"]))
    return digest(Path(name).read_bytes())


def _digest_of_pipeline(path: str) -> str:
    import spacy

    nlp = spacy.load(path)
    vectors = nlp.vocab.vectors
    return digest(sorted(vectors.key2row.items()), np.array(vectors.data), sorted(nlp.vocab.strings))


def use_model(path: str) -> str:
    """Load a model and use what users use."""
    import spacy_w2v

    model = spacy_w2v.load(path)
    words = [model.words[rank] for rank in (0, 3, len(model) // 2)]
    nearest = [model.most_similar(word, topn=5) for word in words]
    nlp = model.to_spacy()
    doc = nlp(" ".join(words))
    predicted = model.predict_context(words[:2], topn=3)
    return digest(nearest, doc.vector, [token.has_vector for token in doc], predicted)


def evaluate(path: str) -> str:
    """Score a model on the sets of the sample, and return the scores."""
    command("evaluate", path, "--word-pairs", PAIRS, "--analogies", ANALOGIES, "--output", "scores.json")
    return Path("scores.json").read_text(encoding="utf-8")


def report(path: str) -> str:
    """Write a report with scores."""
    command("report", path, "report.md", "--scores", "scores-before.json")
    return Path("report.md").read_text(encoding="utf-8")


def prune(path: str) -> str:
    """Prune a pipeline."""
    command("prune", path, "pruned", "--max-vectors", "50")
    return _digest_of_pipeline("pruned")


def use_component(path: str) -> str:
    """Load a pipeline with the component, and run it."""
    import spacy

    nlp = spacy.load(path)
    docs = list(nlp.pipe(Path("texts.txt").read_text(encoding="utf-8").splitlines()[:20]))
    component = nlp.get_pipe("w2v")
    outputs = component.continued.to_outputs() if component.continued is not None else None
    kept = () if outputs is None else (np.array(outputs.vectors), outputs.n_steps, *(outputs.tree or ())[:3])
    return digest(*(doc.vector for doc in docs), [token._.w2v_oov for doc in docs for token in doc], *kept)


def update_component(path: str) -> str:
    """Load a pipeline with the component, and go on with its training."""
    import spacy
    from spacy.training import Example

    nlp = spacy.load(path)
    lines = Path("texts.txt").read_text(encoding="utf-8").splitlines()[:20]
    examples = [Example(nlp.make_doc(line), nlp.make_doc(line)) for line in lines]
    losses = nlp.update(examples, sgd=nlp.create_optimizer())
    return digest(losses, np.array(nlp.vocab.vectors.data))


def read_corpus(**reader: Any) -> str:  # Any: arguments of the reader, as in a config
    """Encode a corpus, and return a hash of its sentences, as words, and of what was counted."""
    import spacy

    from spacy_w2v.config._keywords import settings_from_keywords
    from spacy_w2v.corpus._cache import prepared_corpus
    from spacy_w2v.sources._huggingface import make_dataset_v1

    source = make_dataset_v1(**reader)
    tokens = settings_from_keywords({"tokenizer": "whitespace", "n_process": 1}).tokens
    with prepared_corpus(source, spacy.blank("xx"), tokens, max_vocab_size=None, cache_dir=Path("cache")) as corpus:
        types = corpus.read_types()
        keys = dict(zip(types["id"].to_pylist(), types["key"].to_pylist(), strict=True))
        return digest([[keys[token] for token in sentence.tolist()] for sentence in corpus.sentences()])


def open_initial(path: str) -> str:
    """Read vectors to start from, as --init does."""
    from spacy_w2v.formats._opening import open_vectors as read

    initial = read(path)
    output = () if initial.output is None else (np.array(initial.output),)
    return digest(initial.words, initial.rows, np.array(initial.matrix), *output)


def run_kernel() -> str:
    """Call a kernel that numba's cache in the working directory holds."""
    import numba

    numba.config.CACHE_DIR = os.path.join(os.getcwd(), "numba")
    import probe_kernel  # in this process for the first time

    return digest(probe_kernel.sums(np.arange(12.0).reshape(3, 4)).tolist())


def over(function: Callable[..., str], *arguments: Any, name: str | None = None, **options: Any) -> Operation:
    """Return an operation that calls a function with these arguments."""
    shown = name or " ".join([function.__name__, *map(str, arguments)])
    return Operation(shown, partial(function, *arguments, **options))
