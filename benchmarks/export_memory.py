"""Peak memory of exports, in matrices of the model's vectors, against that of spaCy's and gensim's own objects.

    python benchmarks/export_memory.py

A model of made-up words, half of which have a capitalized form in the corpus too, is written to a disk; then each
export of it is a process of its own, `spacy w2v export`. Its peak is the largest resident set that the system reports
at its end. For comparison: what the command takes to start and load the model; a `StringStore` and a `Vectors` of
spaCy that hold what the export has, from arrays on disk; and what `spacy.load` takes of it. With `--postprocess`, the
vectors are post-processed on the way.
"""

import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from common import argument_parser, log, markdown_table, run_process, start_at_zero, write_results

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FORMATS = {
    "spacy": "spacy",
    "gensim": "vectors.kv",
    "gensim-model": "word2vec.model",
    "word2vec-text": "vectors.txt",
    "word2vec-binary": "vectors.bin",
}

MAKE = """
import numpy as np, spacy_w2v
n, d, path = {n_words}, {vector_size}, {model!r}
random = np.random.default_rng(0)
letters = np.array(list("etaoinshrdlucmfwyp"))
words = {{"queen": None}}
while len(words) < n:
    lengths, chosen = random.integers(4, 12, size=50_000), random.choice(letters, size=(50_000, 12))
    words.update((("".join(row[:length]), None) for row, length in zip(chosen, lengths)))
words = list(words)[:n]
forms = words + [word.title() for word in words[::2]]
texts = (" ".join(forms[first : first + 1000]) for first in range(0, len(forms), 1000))
model = spacy_w2v.train(texts, tokenizer="whitespace", vector_size=d, min_count=1, sample=0, epochs=1)
assert len(model) == n
model.save(path)
"""

LOADED = """
import spacy
import spacy_w2v
spacy_w2v.load({model!r}, mmap=True)
"""

OWN_TABLE = """
import numpy as np, spacy, srsly
from pathlib import Path
from spacy.strings import StringStore
from spacy.vectors import Vectors
vocab = Path({output!r}, "spacy", "vocab")
strings = StringStore()
strings.from_disk(vocab / "strings.json")
table = Vectors(strings=strings, data=np.load(vocab / "vectors"))
table.key2row = srsly.read_msgpack(vocab / "key2row")
"""

LOADED_BY_SPACY = """
import spacy
spacy.load({output!r} + "/spacy")
"""

Measurement = dict[str, Any]  # Any: numbers and names, as they stand in JSON


def commands(model: str, output: str, *, postprocess: str) -> dict[str, list[str]]:
    """Return the command of each process, by what it is called in the table."""
    done = ["--postprocess", postprocess]
    w2v = [sys.executable, "-m", "spacy", "w2v"]
    python = [sys.executable, "-c"]
    exports = {
        format_: [
            *(*w2v, "export", model, str(Path(output, name)), "--format", format_),
            *(done if format_ != "gensim-model" else []),
        ]
        for format_, name in FORMATS.items()
    }
    return {
        "the model is loaded, no more": [*python, LOADED.format(model=model)],
        **exports,
        "most-similar": [*w2v, "most-similar", model, "queen", *done],
        "spaCy's own StringStore and Vectors": [*python, OWN_TABLE.format(output=output)],
        "spacy.load of the export": [*python, LOADED_BY_SPACY.format(output=output)],
    }


def measure(n_words: int, vector_size: int, *, postprocess: str) -> list[Measurement]:
    measurements = []
    with tempfile.TemporaryDirectory() as temporary:
        model, output = str(Path(temporary, "model")), str(Path(temporary, "exports"))
        Path(output).mkdir()
        run_process([sys.executable, "-c", MAKE.format(n_words=n_words, vector_size=vector_size, model=model)], {})
        for name, command in commands(model, output, postprocess=postprocess).items():
            _, wall_s, _, peak_bytes = run_process(command, {})
            tables = peak_bytes / (4 * n_words * vector_size)
            log(process=name, n_words=n_words, vector_size=vector_size, peak_mb=peak_bytes / 1e6, wall_s=wall_s)
            measurements.append(
                {
                    "process": name,
                    "n_words": n_words,
                    "vector_size": vector_size,
                    "peak_bytes": peak_bytes,
                    "tables": tables,
                    "wall_s": wall_s,
                }
            )
    return measurements


def table_of(measurements: list[Measurement]) -> str:
    rows = (
        [
            row["process"],
            f"{row['n_words']:,} × {row['vector_size']}",
            f"{row['peak_bytes'] / 1e6:,.0f}",
            f"{row['tables']:.1f}",
            f"{row['wall_s']:,.1f}",
        ]
        for row in measurements
    )
    return markdown_table(["process", "words × dimensions", "peak memory, MB", "tables", "wall time, s"], rows)


def plot_of(measurements: list[Measurement]) -> "Figure":
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 4), layout="constrained")
    axes = figure.subplots()
    for size in dict.fromkeys((row["n_words"], row["vector_size"]) for row in measurements):
        rows = [row for row in measurements if (row["n_words"], row["vector_size"]) == size]
        axes.plot(
            [row["process"] for row in rows], [row["tables"] for row in rows], "o", label="{:,} × {}".format(*size)
        )
    axes.set_ylabel("peak memory, tables")
    axes.tick_params(axis="x", rotation=30)
    start_at_zero(axes)
    axes.legend()
    return figure


def main() -> None:
    parser = argument_parser(__doc__, name="export_memory")
    parser.add_argument("--words", type=int, nargs="+", default=[1_000_000, 400_000])
    parser.add_argument("--vector-sizes", type=int, nargs="+", default=[100, 300], help="one for each of --words")
    parser.add_argument("--postprocess", default="none", choices=["none", "center", "soft-whiten"])
    arguments = parser.parse_args()
    sizes = list(zip(arguments.words, arguments.vector_sizes, strict=True))
    measurements: list[Measurement] = []
    for n_words, vector_size in sizes:
        measurements += measure(n_words, vector_size, postprocess=arguments.postprocess)
        write_results(
            arguments.output,
            settings={"sizes": sizes, "postprocess": arguments.postprocess},
            measurements=measurements,
            table=table_of(measurements),
            plot=plot_of(measurements),
        )


if __name__ == "__main__":
    main()
