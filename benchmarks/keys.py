"""Keys of a pipeline: scores by kind of key, sense2vec's functions beside, the rate of annotation, and memory.

    python benchmarks/keys.py TEXTS.jsonl
    python benchmarks/keys.py TEXTS.parquet --measures keys speed memory --documents 1000
    python benchmarks/keys.py ANNOTATED/*.spacy --measures quality --seeds 1 2 3

TEXTS has a document a line (.txt), or in the field "text" (.jsonl, .parquet). Documents in .spacy files, such as those
of `spacy w2v annotate`, are not annotated again, except where that is what is measured. Four measures:

- speed: tokens per second of annotating and encoding with one process of the pipeline and with two, and a second run.
- memory: the peak memory of the process that encodes the documents, with one process of the pipeline, and of twice as
  many. The second half has the same texts after another first sentence, so nothing is found in the cache.
- keys: the number of keys that differ from those of sense2vec's functions on the same Docs, and the time of both.
- quality: the kinds of keys on one annotation, over several seeds: tokens (a joined phrase is one), types (texts with
  their keys), words, the share of tokens that are words, and the scores of the pairs that all kinds know. A plain word
  is looked up as its commonest sense. The recipe of sense2vec's scripts knows fewer pairs, so it is compared with words
  alone.
"""

import json
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow.parquet as pq
import spacy
from common import argument_parser, log, markdown_table, run_process, write_results
from scores import Answers, TestSet, answers_of, read_test_sets, score
from spacy.tokens import DocBin

import spacy_w2v

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokens import Doc

Row = dict[str, Any]  # Any: numbers and names, as they stand in JSON

MEASURES = ("speed", "memory", "keys", "quality")
SENSES = "spacy_w2v.SenseKeys.v1"
PLAIN = "words in lower case"
RECIPE = "sense2vec's recipe"
"""Phrases are joined however rare they are, and rare keys are left out."""
WHOLE_PHRASES = "benchmarks.whole_phrases.v1"
KINDS: dict[str, Row] = {
    PLAIN: {"attr": "LOWER"},
    "lemmas": {"keys": "lemmas"},
    "lemmas and parts of speech": {"keys": "lemma-pos"},
    "senses": {"keys": "senses"},
    "senses of lemmas": {"keys": {"@misc": SENSES, "lemma": True}},
    "senses, rare keys left out": {"keys": "senses", "merge_rare_keys": False},
    "senses of lemmas, rare keys left out": {"keys": {"@misc": SENSES, "lemma": True}, "merge_rare_keys": False},
    RECIPE: {"keys": WHOLE_PHRASES, "merge_rare_keys": False},
}
"""Settings of [w2v] by kind of key."""
COMPARED = {"ours": [name for name in KINDS if name != RECIPE], RECIPE: [PLAIN, RECIPE]}
"""The kinds that are scored on the same pairs."""
TRAINING: Row = {"vector_size": 100, "epochs": 10, "window": 5, "min_count": 5, "workers": 1}
STORED = ("LEMMA", "POS", "TAG", "DEP", "HEAD", "SENT_START", "ENT_IOB", "ENT_TYPE")

ENCODE = """
import sys, time, spacy, spacy_w2v
texts, pipeline, n_process, cache_dir = sys.argv[1:]
nlp = spacy.load(pipeline)
start = time.perf_counter()
sentences = spacy_w2v.tokenize(texts, nlp, keys="senses", n_process=int(n_process), cache_dir=cache_dir)
first = next(sentences)
seconds = time.perf_counter() - start
print(len(first) + sum(map(len, sentences)), seconds)
"""
"""The first sentence comes when the whole corpus has been encoded."""


# Documents


def read_texts(paths: Sequence[Path]) -> Iterator[str]:
    """Yield the documents of files as texts."""
    for path in paths:
        if path.suffix == ".spacy":
            yield from (doc.text for doc in read_docs([path]))
        elif path.suffix == ".parquet":
            for batch in pq.ParquetFile(path).iter_batches(1000, columns=["text"]):
                yield from batch.column(0).to_pylist()
        else:
            with path.open(encoding="utf-8") as file:
                yield from (json.loads(line)["text"] if path.suffix == ".jsonl" else line.rstrip("\n") for line in file)


def read_docs(paths: Sequence[Path]) -> Iterator["Doc"]:
    """Yield the annotated documents of .spacy files."""
    vocab = spacy.blank("en").vocab
    for path in paths:
        yield from DocBin().from_disk(path).get_docs(vocab)


def write_texts(texts: Sequence[str], path: Path, *, copies: int = 1) -> Path:
    """Write texts as .jsonl, several times over, each time with another first sentence in every text."""
    with path.open("w", encoding="utf-8") as file:
        for copy in range(copies):
            file.writelines(json.dumps({"text": f"Copy {copy}.\n{text}"}) + "\n" for text in texts)
    return path


def write_annotated(paths: Sequence[Path], path: Path, *, nlp: "Language", n_documents: int | None) -> Path:
    """Write the first documents to a .spacy file, annotated by the pipeline unless they are so already."""
    given = all(each.suffix == ".spacy" for each in paths)
    docs = read_docs(paths) if given else nlp.pipe(islice(read_texts(paths), n_documents), batch_size=32)
    DocBin(attrs=STORED, docs=islice(docs, n_documents)).to_disk(path)
    return path


# Quality


@spacy.registry.misc(WHOLE_PHRASES)
def make_whole_phrases() -> Any:  # Any: a key function
    """Return the keys of senses without those of the tokens of phrases, so that no phrase can be split."""
    senses = spacy.registry.misc.get(SENSES)()

    def keys(doc: "Doc") -> Iterator[tuple[int, int, str]]:
        found = list(senses(doc))
        inside = {place for start, end, _ in found if end - start > 1 for place in range(start, end)}
        return (each for each in found if each[1] - each[0] > 1 or each[0] not in inside)

    keys.requires = senses.requires  # type: ignore[attr-defined]  # functions may have attributes
    return keys


class Trained(NamedTuple):
    """A kind of keys that was trained with one seed."""

    row: Row
    answers: Answers


def train(kind: str, annotated: Path, *, lang: str, seed: int, cache_dir: Path, sets: Sequence[TestSet]) -> Trained:
    """Train on one kind of keys, and return sizes and the answers to word pairs."""
    source, settings = spacy_w2v.docbin(str(annotated)), KINDS[kind]
    start = time.perf_counter()
    model = spacy_w2v.train(source, spacy.blank(lang), cache_dir=cache_dir, seed=seed, **TRAINING, **settings)
    corpus, vocabulary = model.meta["corpus"], model.meta["vocabulary"]
    row = {
        "keys": kind, "seed": seed, "tokens": corpus["n_tokens"], "types": corpus["n_types"],
        "words": vocabulary["n_words"], "coverage": vocabulary["coverage"], "seconds": time.perf_counter() - start,
    }  # fmt: skip
    log(**row)
    return Trained(row, answers_of(model.word_vectors(), sets, restrict_vocab=1))


def quality(annotated: Path, seeds: Sequence[int], *, lang: str, cache_dir: Path) -> list[Row]:
    """Train each kind of key with each seed, and score them on the pairs that all those compared know."""
    sets = [of_set for of_set in read_test_sets() if of_set.ratings is not None]
    runs = [
        train(kind, annotated, lang=lang, seed=seed, cache_dir=cache_dir, sets=sets) for kind in KINDS for seed in seeds
    ]
    return [row for group in COMPARED for row in scored(runs, sets, group=group)]


def scored(runs: Sequence[Trained], sets: Sequence[TestSet], *, group: str) -> list[Row]:
    """Return the rows of the runs that are compared, with their scores on equal pairs."""
    chosen = [run for run in runs if run.row["keys"] in COMPARED[group]]
    known = {of_set.name: ~np.isnan([run.answers[of_set.name] for run in chosen]).any(axis=0) for of_set in sets}
    pairs = {name: int(mask.sum()) for name, mask in known.items()}

    def score_of(run: Trained, of_set: TestSet) -> float:
        return score(of_set, np.where(known[of_set.name], run.answers[of_set.name], np.nan))

    return [
        {"compared": group, **run.row, "pairs": pairs, **{each.name: score_of(run, each) for each in sets}}
        for run in chosen
    ]


def quality_table(rows: Sequence[Row]) -> str:
    """Return a table for each group of kinds: the means over the seeds, and the standard deviations of scores × 100."""
    tables = []
    for group in dict.fromkeys(row["compared"] for row in rows):
        chosen = [row for row in rows if row["compared"] == group]
        pairs = chosen[0]["pairs"]
        header = ["keys", "tokens", "types", "words", "covered", *(f"{name}, {n} pairs" for name, n in pairs.items())]
        cells = []
        for kind in dict.fromkeys(row["keys"] for row in chosen):
            of_kind = [row for row in chosen if row["keys"] == kind]
            sizes = [f"{of_kind[0][name]:,}" for name in ("tokens", "types", "words")]
            means = (_mean([100 * row[name] for row in of_kind]) for name in pairs)
            cells.append([kind, *sizes, f"{100 * of_kind[0]['coverage']:.1f} %", *means])
        tables.append(markdown_table(header, cells))
    return "\n".join(tables)


def _mean(scores: Sequence[float]) -> str:
    deviation = f" ± {statistics.stdev(scores):.1f}" if len(scores) > 1 else ""
    return f"{statistics.mean(scores):.1f}{deviation}"


# Beside sense2vec's functions


def keys_of(function: Any, doc: "Doc") -> list[str]:  # Any: a key function
    """Return the keys of a Doc with each of its phrases as one token, as sense2vec does."""
    spans = sorted(function(doc), key=lambda span: (span[0], -span[1]))
    keys, place = [], 0
    for start, end, key in spans:
        if start >= place:
            keys.append(key)
            place = end
    return keys


def keys_of_sense2vec(doc: "Doc", *, lemma: bool) -> list[str]:
    """Return the keys of sense2vec's functions, which merge the phrases of the Doc."""
    from sense2vec.util import make_key, make_spacy_key, merge_phrases

    merged = merge_phrases(doc)
    tokens = (token for token in merged if not token.is_space)
    return [make_key(*make_spacy_key(token, prefer_ents=True, lemmatize=lemma)) for token in tokens]


def n_different(ours: Sequence[str], theirs: Sequence[str]) -> int:
    """Return how many keys stand in other places or not at all."""
    if ours == theirs:
        return 0
    changes = SequenceMatcher(None, ours, theirs, autojunk=False).get_opcodes()
    return sum(max(i2 - i1, j2 - j1) for name, i1, i2, j1, j2 in changes if name != "equal")


def compare_keys(annotated: Path) -> list[Row]:
    """Make the keys of annotated documents by both, of texts and of lemmas."""
    rows = []
    for lemma in (False, True):
        function = spacy.registry.misc.get(SENSES)(lemma=lemma)
        row: Row = {"keys": "senses of lemmas" if lemma else "senses", "documents": 0, "tokens": 0, "different": 0}
        seconds = np.zeros(2)
        for doc in read_docs([annotated]):
            row["documents"] += 1
            row["tokens"] += len(doc)
            start = time.perf_counter()
            ours = keys_of(function, doc)
            between = time.perf_counter()
            theirs = keys_of_sense2vec(doc, lemma=lemma)
            seconds += between - start, time.perf_counter() - between
            row["different"] += n_different(ours, theirs)
        rows.append({**row, "spacy_w2v_s": float(seconds[0]), "sense2vec_s": float(seconds[1])})
        log(**rows[-1])
    return rows


def comparison_table(rows: Sequence[Row]) -> str:
    header = ("keys", "documents", "tokens", "different", "spacy-w2v, s", "sense2vec, s", "times as fast")
    cells = [
        (row["keys"], *(f"{row[name]:,}" for name in ("documents", "tokens", "different")),
         *(f"{row[name]:.2f}" for name in ("spacy_w2v_s", "sense2vec_s")),
         f"{row['sense2vec_s'] / row['spacy_w2v_s']:.1f}")
        for row in rows
    ]  # fmt: skip
    return markdown_table(header, cells)


# Speed and memory


def encode(texts: Path, *, pipeline: str, n_process: int, cache_dir: Path) -> Row:
    """Annotate and encode texts in a process of its own."""
    ended = run_process([sys.executable, "-c", ENCODE, str(texts), pipeline, str(n_process), str(cache_dir)], {})
    n_tokens, seconds = ended.output.split()[-2:]
    return {"tokens": int(n_tokens), "seconds": float(seconds), "peak_bytes": ended.peak_bytes}


def speed(texts: Sequence[str], *, pipeline: str, directory: Path) -> list[Row]:
    """Measure annotation with one process and with two, and a second run."""
    path = write_texts(texts, directory / "texts.jsonl")
    rows = []
    for n_process, what in ((1, "one process"), (2, "two processes"), (2, "two processes, second run")):
        run = encode(path, pipeline=pipeline, n_process=n_process, cache_dir=directory / f"cache-{n_process}")
        rows.append({"what": what, **run})
        log(**rows[-1])
    return rows


def memory(texts: Sequence[str], *, pipeline: str, directory: Path) -> list[Row]:
    """Measure the peak memory of encoding the documents, and twice as many."""
    rows = []
    for copies, what in ((1, "the documents"), (2, "twice as many")):
        path = write_texts(texts, directory / f"copies-{copies}.jsonl", copies=copies)
        run = encode(path, pipeline=pipeline, n_process=1, cache_dir=directory / f"memory-{copies}")
        rows.append({"what": what, **run})
        log(**rows[-1])
    return rows


def runs_table(rows: Sequence[Row]) -> str:
    """Return tokens, seconds, rates and peaks of memory."""
    header = ("", "tokens", "s", "tokens/s", "peak memory of the main process")
    cells = [
        (row["what"], f"{row['tokens']:,}", f"{row['seconds']:.2f}", f"{row['tokens'] / row['seconds']:,.0f}",
         f"{row['peak_bytes'] / 1e6:,.0f} MB")
        for row in rows
    ]  # fmt: skip
    return markdown_table(header, cells)


TABLES = {"speed": runs_table, "memory": runs_table, "keys": comparison_table, "quality": quality_table}


def measure(
    measures: Sequence[str],
    paths: Sequence[Path],
    *,
    pipeline: str,
    n_documents: int | None,
    seeds: Sequence[int],
    directory: Path,
) -> dict[str, list[Row]]:
    """Return the rows of each measure.

    Memory comes before training, since a process hands its own peak on to the peak that is reported of its children.
    """
    results: dict[str, list[Row]] = {}
    if {"speed", "memory"} & set(measures):
        texts = list(islice(read_texts(paths), n_documents))
        if "speed" in measures:
            results["speed"] = speed(texts, pipeline=pipeline, directory=directory)
        if "memory" in measures:
            results["memory"] = memory(texts, pipeline=pipeline, directory=directory)
    if {"quality", "keys"} & set(measures):
        nlp = spacy.load(pipeline)
        annotated = write_annotated(paths, directory / "annotated.spacy", nlp=nlp, n_documents=n_documents)
        if "keys" in measures:
            results["keys"] = compare_keys(annotated)
        if "quality" in measures:
            results["quality"] = quality(annotated, seeds, lang=nlp.lang, cache_dir=directory / "cache")
    return results


def main() -> None:
    parser = argument_parser(__doc__, name="keys")
    parser.add_argument("texts", type=Path, nargs="+", help=".txt, .jsonl, .parquet or .spacy")
    parser.add_argument("--pipeline", default="en_core_web_sm")
    parser.add_argument("--documents", type=int, help="number of documents to read; all if not given")
    parser.add_argument("--measures", nargs="+", choices=MEASURES, default=MEASURES)
    parser.add_argument("--seeds", nargs="+", type=int, default=(1, 2, 3))
    arguments = parser.parse_args()
    if "keys" in arguments.measures and find_spec("sense2vec") is None:
        raise SystemExit("The measure `keys` needs sense2vec: pip install sense2vec, or leave it out of --measures.")
    with tempfile.TemporaryDirectory() as directory:
        results = measure(
            arguments.measures, arguments.texts, pipeline=arguments.pipeline, n_documents=arguments.documents,
            seeds=arguments.seeds, directory=Path(directory),
        )  # fmt: skip
    table = "\n".join(TABLES[name](rows) for name, rows in results.items())
    print(table)
    settings = {"pipeline": arguments.pipeline, "documents": arguments.documents, **TRAINING}
    measurements = [{"measure": name, **row} for name, rows in results.items() for row in rows]
    write_results(arguments.output, settings=settings, measurements=measurements, table=table, plot=None)


if __name__ == "__main__":
    main()
