"""Finding phrases beside gensim's `Phrases`: whether they are the same, the time, and how often the corpus is read.

    python benchmarks/phrases.py CORPUS.txt
    python benchmarks/phrases.py CORPUS.txt --words 3381008 --rounds 5

CORPUS.txt is any text whose words stand between white space. Both get the same sentences of 1,000 words, and count with
one thread: ours reads the encoded corpus on disk, gensim a list of lists of words in memory. Encoding is timed apart.
Ours counts and scores; of gensim, counting and `export_phrases` are timed each. Medians over interleaved rounds.
"""

import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import spacy
from common import argument_parser, cut_corpus, interleave, log, markdown_table, write_results
from gensim.models.phrases import Phrases

import spacy_w2v
from spacy_w2v.config._phrases import PhraseSettings
from spacy_w2v.config._schema import TokensSettings
from spacy_w2v.corpus._cache import prepared_corpus
from spacy_w2v.corpus._store import Corpus
from spacy_w2v.phrases._finding import find_phrases

SETTINGS = {
    "default": PhraseSettings(scoring="default"),
    "npmi": PhraseSettings(scoring="npmi"),
    "default, connector words": PhraseSettings(scoring="default", connector_words="english"),
    "default, memory_gb 0.01": PhraseSettings(scoring="default", memory_gb=0.01),
}


class Found(NamedTuple):
    """The phrases and scores that a program finds, and its time."""

    scores: dict[str, float]
    count_s: float
    score_s: float
    """0 for ours, which counts and scores in one."""

    @property
    def seconds(self) -> float:
        return self.count_s + self.score_s


def ours(corpus: Corpus, settings: PhraseSettings) -> Found:
    """Find the phrases of an encoded corpus."""
    start = time.perf_counter()
    table = find_phrases(corpus, settings)
    seconds = time.perf_counter() - start
    return Found(dict(zip(table.texts("_"), table.scores.tolist(), strict=True)), seconds, 0.0)


def gensims(sentences: list[list[str]], settings: PhraseSettings) -> Found:
    """Find the phrases of sentences with gensim."""
    start = time.perf_counter()
    phrases = Phrases(
        sentences, min_count=settings.min_count, threshold=settings.thresholds[0], scoring=settings.scoring,
        max_vocab_size=10**9, connector_words=settings.connectors,
    )  # fmt: skip
    counted = time.perf_counter()
    scores = phrases.export_phrases()
    return Found(scores, counted - start, time.perf_counter() - counted)


def summary(name: str, rounds: dict[tuple[str, str], list[Found]]) -> dict[str, Any]:  # Any: values of JSON
    """Return the medians of one setting, their ratio, and the differences of the phrases and scores."""
    own, theirs = rounds[name, "spacy-w2v"], rounds[name, "gensim"]
    both = own[0].scores.keys() & theirs[0].scores.keys()
    own_s, count_s, whole_s = (
        statistics.median(values)
        for values in (
            [found.seconds for found in own],
            [found.count_s for found in theirs],
            [found.seconds for found in theirs],
        )
    )
    return {
        "settings": name,
        "n_phrases": len(own[0].scores),
        "n_different": len(own[0].scores.keys() ^ theirs[0].scores.keys()),
        "largest_difference": max((abs(own[0].scores[text] - theirs[0].scores[text]) for text in both), default=0.0),
        "spacy_w2v_s": own_s,
        "gensim_count_s": count_s,
        "gensim_s": whole_s,
        "ratio_of_counting": count_s / own_s,
        "ratio": whole_s / own_s,
    }


def main() -> None:
    parser = argument_parser(__doc__, name="phrases")
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--words", type=int, help="number of words to read; all if not given")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory, "corpus.txt")
        n_words = cut_corpus(arguments.corpus, path, n_words=arguments.words)
        sentences = [line.split() for line in path.read_text(encoding="utf-8").splitlines()]
        tokens = TokensSettings(tokenizer="whitespace", attr="ORTH", n_process=1)
        source = spacy_w2v.dataset(data_files=str(path))
        start = time.perf_counter()
        with prepared_corpus(
            source, spacy.blank("xx"), tokens, max_vocab_size=None, cache_dir=Path(directory, "cache")
        ) as corpus:
            log(words=n_words, encoding_s=time.perf_counter() - start)
            tasks: dict[tuple[str, str], Callable[[], Found]] = {}
            for name, settings in SETTINGS.items():
                ours(corpus, settings)  # compiles
                tasks[name, "spacy-w2v"] = partial(ours, corpus, settings)
                tasks[name, "gensim"] = partial(gensims, sentences, settings)
            rounds = interleave(tasks, rounds=arguments.rounds)
    results = [summary(name, rounds) for name in SETTINGS]
    header = ("settings", "phrases", "different", "largest difference", "s", "gensim, s", "ratio of counting", "ratio")
    rows = [
        (
            *(each["settings"], f"{each['n_phrases']:,}", str(each["n_different"]), f"{each['largest_difference']:g}"),
            *(f"{each['spacy_w2v_s']:.3f}", f"{each['gensim_s']:.2f}"),
            *(f"{each['ratio_of_counting']:.1f}", f"{each['ratio']:.1f}"),
        )
        for each in results
    ]
    table = markdown_table(header, rows)
    print(table)
    write_results(arguments.output, settings={"words": n_words}, measurements=results, table=table, plot=None)


if __name__ == "__main__":
    main()
