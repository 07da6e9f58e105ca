"""Undamaged files of every format that is read or written, small, and what each operation makes of them.

A sample is a directory with all that its operations need; some of its files are those to damage. All are made from
a seed, by the programs that make such files: this package, spaCy, gensim, pyarrow, datasets.
"""

import bz2
import csv
import gzip
import json
import lzma
import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import operations
from operations import ANALOGIES, PAIRS, TRAIN, Operation, command, over

CONFIG = """
[nlp]
lang = "en"

[w2v]

[w2v.corpus]
@readers = "spacy_w2v.Dataset.v1"
path = "text"
data_files = "texts.txt"

[w2v.tokens]
attr = "LOWER"
n_process = 1

[w2v.vocabulary]
min_count = 2

[w2v.model]
vector_size = 16
window = 3

[w2v.training]
epochs = 2
sample = 0
workers = 1

[w2v.export]
formats = []
"""

SYLLABLES = [consonant + vowel for consonant in "bdklmn" for vowel in "aeiou"] + ["é", "ß", "京"]


class Sample(NamedTuple):
    """A directory with files to damage, and how they are read."""

    name: str
    make: Callable[[int], None]
    """Makes all files in the working directory, from a seed."""
    files: tuple[str, ...]
    """Those to damage: patterns of `Path.glob`."""
    operations: tuple[Operation, ...]
    checked: bool = False
    """There are checksums: a difference without an error is a failure."""
    weight: float = 1.0
    """How many of the trials it gets, relative to others."""
    without: tuple[str, ...] = ()
    """Kinds of damage that make no sense, by name."""


def make_texts(path: Path, *, n_lines: int = 300, seed: int = 0) -> list[str]:
    """Write lines of random words, of which few are frequent, and return them."""
    chooser = random.Random(seed)
    words = ["".join(chooser.choices(SYLLABLES, k=chooser.randint(1, 4))) for _ in range(160)]
    words += [word.title() for word in words[:40]]
    weights = [1 / rank for rank in range(1, len(words) + 1)]
    lines = [" ".join(chooser.choices(words, weights, k=chooser.randint(3, 30))) + " ." for _ in range(n_lines)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return lines


def _project(seed: int) -> list[str]:
    """Write texts and a config, and return the lines."""
    Path("config.cfg").write_text(CONFIG, encoding="utf-8")
    return make_texts(Path("texts.txt"), seed=seed)


def _write_sets(seed: int) -> None:
    """Write small evaluation sets of words that the model knows, and scores."""
    import spacy_w2v

    words = spacy_w2v.load("out").words
    chooser = random.Random(seed)
    pairs = [(*chooser.sample(words, 2), f"{chooser.uniform(0, 10):.2f}") for _ in range(40)]
    Path(PAIRS).write_text("# pairs\n" + "".join("\t".join(pair) + "\n" for pair in pairs), encoding="utf-8")
    lines = [": capitals", *(" ".join(chooser.sample(words[:80], 4)) for _ in range(12))]
    lines += [": gram1-adjectives", *(" ".join(chooser.sample(words[:80], 4)) for _ in range(12))]
    Path(ANALOGIES).write_text("\n".join(lines) + "\n", encoding="utf-8")
    command("evaluate", "out", "--word-pairs", PAIRS, "--analogies", ANALOGIES, "--output", "scores-before.json")


def make_encoded(seed: int) -> None:
    """An encoded corpus in cache/."""
    _project(seed)
    command("encode", "config.cfg", "--cache-dir", "cache")


def make_results(seed: int) -> None:
    """The results of a run in out/, evaluation sets, and an encoded corpus."""
    _project(seed)
    command(*TRAIN, "--w2v.export.formats", '["spacy"]')
    _write_sets(seed)


def make_tree_model(seed: int) -> None:
    """A model with a tree of its own, from gensim."""
    from gensim.models import Word2Vec

    import spacy_w2v

    sentences = [line.split() for line in _project(seed)]
    gensim_model = Word2Vec(sentences, vector_size=12, min_count=2, hs=1, negative=0, epochs=1, workers=1, seed=seed)
    spacy_w2v.from_gensim(gensim_model).save("out")


def make_checkpoint(seed: int) -> None:
    """A run that was killed in its second epoch, and keeps its state in out.checkpoint/; and its encoded corpus."""
    _project(seed)
    if (child := os.fork()) == 0:
        _train_until_killed(n_checkpoints=10)
    os.waitpid(child, 0)
    if not Path("out.checkpoint/progress.json").is_file():
        raise SystemExit("The run that is to be killed must leave a checkpoint, but left none.")
    for rest in Path().glob(".out*"):
        shutil.rmtree(rest) if rest.is_dir() else rest.unlink()


def _train_until_killed(*, n_checkpoints: int) -> None:
    from spacy_w2v.training.callbacks._model_checkpoint import ModelCheckpoint

    write, n_written = ModelCheckpoint.write, iter(range(n_checkpoints))

    def write_or_die(self, state):
        write(self, state)
        if next(n_written) == n_checkpoints - 1:
            os._exit(0)

    ModelCheckpoint.write = write_or_die
    command(*TRAIN, "--w2v.training.checkpoint_every_s", "0")
    os._exit(1)


def make_component(seed: int) -> None:
    """A pipeline with the component, saved with what its training goes on from."""
    import spacy

    lines = _project(seed)
    nlp = spacy.blank("en")
    component = nlp.add_pipe("w2v", config={"update": True})
    settings = {"model": {"vector_size": 12}, "vocabulary": {"min_count": 2}, "training": {"epochs": 1, "workers": 1}}
    component.initialize(lambda: iter(()), nlp=nlp, corpus=lines, progress=False, **settings)
    nlp.to_disk("pipeline")


def make_pipeline(seed: int) -> None:
    """A pipeline as training exports it."""
    make_results(seed)
    command("export", "out", "pipeline")


def make_gensim(seed: int) -> None:
    """What gensim saves of a Word2Vec and of KeyedVectors, arrays in files of their own."""
    from gensim.models import Word2Vec

    sentences = [line.split() for line in _project(seed)]
    model = Word2Vec(sentences, vector_size=12, min_count=2, epochs=1, workers=1, seed=seed)
    model.save("word2vec.model", sep_limit=0)
    model.wv.save("vectors.kv", sep_limit=0)


def make_vectors(seed: int) -> None:
    """Vector files of other programs."""
    make_results(seed)
    command("export", "out", "vectors.txt", "--format", "word2vec-text")
    command("export", "out", "binary.bin", "--format", "word2vec-binary")
    text = Path("vectors.txt").read_text(encoding="utf-8")
    Path("vectors.glove").write_text(text.partition("\n")[2], encoding="utf-8")
    Path("vectors.txt.gz").write_bytes(gzip.compress(text.encode()))


def make_corpora(seed: int) -> None:
    """The same texts in all formats that are read."""
    import datasets
    import pyarrow as pa
    import pyarrow.parquet as pq
    import zstandard

    lines = make_texts(Path("texts.txt"), seed=seed)
    rows = [{"text": line, "number": number} for number, line in enumerate(lines)]
    text = Path("texts.txt").read_bytes()
    Path("texts.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    Path("texts.json").write_text(json.dumps(rows, ensure_ascii=False), encoding="utf-8")
    for name, delimiter in (("texts.csv", ","), ("texts.tsv", "\t")):
        with Path(name).open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, ["text", "number"], delimiter=delimiter)
            writer.writeheader()
            writer.writerows(rows)
    table = pa.Table.from_pylist(rows)
    pq.write_table(table, "texts.parquet", row_group_size=100)
    with pa.OSFile("texts.arrow", "wb") as sink, pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table, max_chunksize=100)
    datasets.Dataset(table).save_to_disk("saved")
    compress = {"gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress, "zst": _with_checksum(zstandard)}
    for suffix, compressed in compress.items():
        Path(f"texts.txt.{suffix}").write_bytes(compressed(text))
    Path("lines.jsonl.gz").write_bytes(gzip.compress(Path("texts.jsonl").read_bytes()))


def _with_checksum(zstandard) -> Callable[[bytes], bytes]:
    return zstandard.ZstdCompressor(write_checksum=True).compress


def make_kernel_cache(seed: int) -> None:
    """What numba keeps of a kernel."""
    if (child := os.fork()) == 0:
        operations.run_kernel()
        os._exit(0)
    if os.waitpid(child, 0)[1] != 0:
        raise SystemExit("The kernel must be compiled and cached, but was not.")


def _corpus(file: str, *, path: str, **more: object) -> Operation:
    return over(operations.read_corpus, name=f"encode {file}", path=path, data_files=file, **more)


def _corpus_sample(file: str, *, path: str, checked: bool = False) -> Sample:
    """Return the sample of a corpus that is a single file."""
    name = f"corpus {file.partition('.')[2]}"
    return Sample(name, make_corpora, (file,), (_corpus(file, path=path),), checked=checked, weight=0.5)


MODEL_OPERATIONS = (
    over(operations.load, "out"),
    over(operations.load, "out", mmap=True, name="load out mapped"),
    over(operations.use_model, "out"),
    over(operations.export, "out", "word2vec-text"),
    over(operations.export, "out", "gensim"),
    over(operations.open_initial, "out"),
    over(operations.evaluate, "out"),
    over(operations.report, "out"),
    over(operations.export, "out", "spacy"),
    over(operations.train, "--init", "out", "--overwrite"),
)

SAMPLES = (
    Sample(
        "encoded corpus",
        make_encoded,
        ("cache/*/tokens.arrow", "cache/*/types.arrow", "cache/*/manifest.json"),
        (over(operations.train_twice),),
        checked=True,
        weight=3,
    ),
    Sample("model", make_results, ("out/model/*",), MODEL_OPERATIONS, checked=True, weight=4),
    Sample(
        "model with a tree",
        make_tree_model,
        ("out/*",),
        MODEL_OPERATIONS[:3] + MODEL_OPERATIONS[5:6],
        checked=True,
        weight=1.5,
    ),
    Sample(
        "checkpoint",
        make_checkpoint,
        ("out.checkpoint/*",),
        (
            over(operations.train, "--resume", base=TRAIN),
            over(operations.load, "out.checkpoint"),
            over(operations.open_initial, "out.checkpoint"),
        ),
        checked=True,
        weight=3,
    ),
    Sample(
        "component",
        make_component,
        ("pipeline/w2v/*",),
        (over(operations.use_component, "pipeline"), over(operations.update_component, "pipeline")),
        checked=True,
        weight=3,
    ),
    Sample(
        "spaCy pipeline",
        make_pipeline,
        ("pipeline/vocab/*", "pipeline/tokenizer", "pipeline/config.cfg", "pipeline/meta.json"),
        (over(operations.open_initial, "pipeline"), over(operations.prune, "pipeline")),
        weight=2,
    ),
    Sample(
        "gensim",
        make_gensim,
        ("vectors.kv*", "word2vec.model*"),
        (over(operations.open_initial, "vectors.kv"), over(operations.open_initial, "word2vec.model")),
        weight=2,
        without=("pickle",),
    ),
    *(
        Sample(f"vectors {kind}", make_vectors, (name,), (over(operations.open_initial, name),), checked=checked)
        for name, kind, checked in (
            ("vectors.txt", "word2vec text", False),
            ("binary.bin", "word2vec binary", False),
            ("vectors.glove", "GloVe", False),
            ("vectors.txt.gz", "word2vec text.gz", True),
        )
    ),
    Sample("evaluation sets", make_results, (PAIRS, ANALOGIES), (over(operations.evaluate, "out"),), weight=1.5),
    Sample("scores", make_results, ("scores-before.json",), (over(operations.report, "out"),), weight=0.5),
    Sample(
        "config",
        make_encoded,
        ("config.cfg",),
        (over(operations.train), over(command, "encode", "config.cfg", "--cache-dir", "cache", name="encode")),
        weight=1.5,
    ),
    _corpus_sample("texts.txt", path="text"),
    _corpus_sample("texts.jsonl", path="json"),
    _corpus_sample("texts.json", path="json"),
    _corpus_sample("texts.csv", path="csv"),
    _corpus_sample("texts.tsv", path="csv"),
    _corpus_sample("texts.parquet", path="parquet"),
    _corpus_sample("texts.arrow", path="arrow"),
    *(_corpus_sample(f"texts.txt.{suffix}", path="text", checked=True) for suffix in ("gz", "bz2", "xz", "zst")),
    _corpus_sample("lines.jsonl.gz", path="json", checked=True),
    Sample(
        "corpus saved to disk",
        make_corpora,
        ("saved/*",),
        (over(operations.read_corpus, name="encode saved", path="saved"),),
    ),
    Sample(
        "compiled kernels",
        make_kernel_cache,
        ("numba/*/*",),
        (over(operations.run_kernel),),
        checked=True,
        without=("pickle",),  # what is kept there is code, as the package itself is
    ),
)
