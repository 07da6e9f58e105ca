"""Tokens per second of encoding a corpus to disk, against `nlp.pipe` on the same texts.

    python benchmarks/encoding.py CORPUS.txt

CORPUS.txt is running text, cased, a paragraph a line. Ours reads the file, tokenizes, counts, and writes token ids, in
one process, as `spacy w2v encode` does: with the tokenizer of a blank English pipeline, and at white space. `nlp.pipe`
of a blank English pipeline gets the lines in memory, and only makes Docs, of lines that are spread over the corpus.
Both cache what they have tokenized, so each run begins with empty caches, and corpora of several sizes are measured:
the first words of the file. Ours is timed up to the first sentence that `spacy_w2v.tokenize` gives, for which the whole
corpus has been encoded and its types have been read. Medians over interleaved rounds.
"""

import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import spacy
from common import argument_parser, interleave, log, markdown_table, start_at_zero, write_results
from matplotlib.figure import Figure
from smart_open import open as open_text

import spacy_w2v

Measurement = dict[str, Any]  # Any: numbers and names, as they stand in JSON


class Speed(NamedTuple):
    n_tokens: int
    tokens_per_s: float


def encode(path: Path, *, tokenizer: str) -> Speed:
    """Encode a file as `spacy w2v encode` does, with an empty cache."""
    nlp = spacy.blank("en")
    with tempfile.TemporaryDirectory() as cache_dir:
        start = time.perf_counter()
        sentences = spacy_w2v.tokenize(path, nlp, tokenizer=tokenizer, cache_dir=cache_dir)
        first = next(sentences)
        seconds = time.perf_counter() - start
        n_tokens = len(first) + sum(map(len, sentences))
        return Speed(n_tokens, n_tokens / seconds)


def pipe(path: Path, *, max_words: int) -> Speed:
    """Run `nlp.pipe` over every n-th line, so that there are about max_words."""
    lines = path.read_text(encoding="utf-8").splitlines()
    n_words = sum(len(line.split()) for line in lines)
    texts = lines[:: max(1, round(n_words / max_words))]
    nlp = spacy.blank("en")
    start = time.perf_counter()
    n_tokens = sum(map(len, nlp.pipe(texts)))
    return Speed(n_tokens, n_tokens / (time.perf_counter() - start))


def cut_lines(corpus: Path, path: Path, *, n_words: int) -> None:
    """Write the first lines of a corpus, at least n_words."""
    n_left = n_words
    with open_text(str(corpus), encoding="utf-8") as source, path.open("w", encoding="utf-8") as file:
        for line in source:
            file.write(line)
            n_left -= len(line.split())
            if n_left <= 0:
                return
    raise SystemExit(f"{corpus} must have {n_words:,} words, has: {n_words - n_left:,}. Ask for fewer.")


def measure(name: str, task: Callable[[], Speed], *, n_words: int) -> Speed:
    speed = task()
    log(words=n_words, way=name, **speed._asdict())
    return speed


def summary(n_words: int, speeds: dict[str, list[Speed]]) -> list[Measurement]:
    """Return a measurement for each way: median and all rounds, and the ratio to nlp.pipe."""
    medians = {name: statistics.median(speed.tokens_per_s for speed in rounds) for name, rounds in speeds.items()}
    return [
        {
            "n_words": n_words,
            "way": name,
            "n_tokens": rounds[0].n_tokens,
            "tokens_per_s": medians[name],
            "times_pipe": medians[name] / medians["nlp.pipe"],
            "rounds": [speed.tokens_per_s for speed in rounds],
        }
        for name, rounds in speeds.items()
    ]


def table_of(measurements: list[Measurement]) -> str:
    rows = (
        [
            f"{row['n_words'] / 1e6:g}",
            row["way"],
            f"{row['n_tokens'] / 1e6:.2f}",
            f"{round(row['tokens_per_s'], -3):,.0f}",
            f"{row['times_pipe']:.1f}",
        ]
        for row in measurements
    )
    return markdown_table(
        ["corpus, million words", "way", "million tokens read", "tokens/s", "times as fast as nlp.pipe"], rows
    )


def plot_of(measurements: list[Measurement]) -> Figure:
    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.subplots()
    for way in dict.fromkeys(row["way"] for row in measurements):
        rows = [row for row in measurements if row["way"] == way]
        axes.plot([row["n_words"] / 1e6 for row in rows], [row["tokens_per_s"] / 1e6 for row in rows], "o-", label=way)
    axes.set_xlabel("million words of the corpus")
    axes.set_ylabel("million tokens/s")
    start_at_zero(axes)
    axes.legend()
    return figure


def main() -> None:
    parser = argument_parser(__doc__, name="encoding")
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--words", type=int, nargs="+", default=[1_000_000, 3_000_000, 8_000_000])
    parser.add_argument("--pipe-words", type=int, default=3_000_000, help="about so many at most for nlp.pipe")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    measurements: list[Measurement] = []
    with tempfile.TemporaryDirectory() as temporary:
        corpus = Path(temporary, "corpus.txt")
        for n_words in arguments.words:
            cut_lines(arguments.corpus, corpus, n_words=n_words)
            if not measurements:
                encode(corpus, tokenizer="pipeline")  # compiles, and imports what is imported late
            ways = {
                "English tokenizer": partial(encode, corpus, tokenizer="pipeline"),
                "white space": partial(encode, corpus, tokenizer="whitespace"),
                "nlp.pipe": partial(pipe, corpus, max_words=arguments.pipe_words),
            }
            tasks = {name: partial(measure, name, task, n_words=n_words) for name, task in ways.items()}
            measurements += summary(n_words, interleave(tasks, rounds=arguments.rounds))
            write_results(
                arguments.output,
                settings={"corpus": arguments.corpus.name, "pipe_words": arguments.pipe_words},
                measurements=measurements,
                table=table_of(measurements),
                plot=plot_of(measurements),
            )


if __name__ == "__main__":
    main()
