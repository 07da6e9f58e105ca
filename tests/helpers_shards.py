"""A pipeline that writes which texts it annotates to a file, and a key function, for corpora in shards.

As a program, `python helpers_shards.py TEXTS CACHE` encodes the lines of a file, slowly.
"""

import os
import random
import sys
import time
from pathlib import Path

import spacy
from helpers_corpus import ListSource
from spacy.language import Language
from spacy.tokens import Doc

from spacy_w2v.config._schema import TokensSettings
from spacy_w2v.corpus import _cache
from spacy_w2v.corpus._encoding import EncodingCallback
from spacy_w2v.corpus.shards import _annotation, _cutting

KEYS = {"@misc": "tests.TitleKeys"}


def title_keys(doc: Doc):
    """Yield a key for each word, and for each two capitalized words side by side."""
    place = 0
    for token in doc:
        if not token.is_space:
            yield token.i, token.i + 1, f"{token.lower_}|{'T' if token.is_title else 'w'}"
    while place < len(doc) - 1:
        is_pair = doc[place].is_title and doc[place + 1].is_title
        if is_pair:
            yield place, place + 2, f"{doc[place : place + 2].text.replace(' ', '_')}|PAIR"
        place += 2 if is_pair else 1


@spacy.registry.misc("tests.TitleKeys")
def make_title_keys():
    return title_keys


LOG = "SPACY_W2V_LOG_OF_TEXTS"
"""The environment variable with the path of the log. If it were a setting, fingerprints would depend on it."""


class LoggedTexts:
    """A component that appends the beginning of each text to a file."""

    def __init__(self, seconds: float):
        self.seconds = seconds

    def __call__(self, doc: Doc) -> Doc:
        time.sleep(self.seconds)
        with open(os.environ[LOG], "a", encoding="utf-8") as file:
            file.write(f"{(doc.text.split() or [-1])[0]}\n")
        return doc


@Language.factory("tests_logged_texts", default_config={"seconds": 0.0})
def make_logged_texts(nlp, name, seconds: float):
    return LoggedTexts(seconds)


def logging_pipeline(seconds: float = 0.0) -> Language:
    """Return a pipeline that logs the texts that it annotates."""
    nlp = spacy.blank("en")
    nlp.add_pipe("tests_logged_texts", config={"seconds": seconds})
    return nlp


def key_settings(**settings) -> TokensSettings:
    return TokensSettings(keys=KEYS, n_process=settings.pop("n_process", 1), **settings)


def numbered_lines(n: int, *, seed: int = 0) -> list[str]:
    """Return lines of random words, the first of which is the number of the line."""
    chooser = random.Random(seed)
    words = ["New", "York", "San", "Juan", "duck", "ducks", "swim", "in", "the", "park"]
    return [f"{number} {' '.join(chooser.choices(words, k=chooser.randint(1, 15)))}" for number in range(n)]


def expected_words(lines: list[str]) -> list[list[tuple[str, str]]]:
    """Return the text and key of each token of lines."""
    return [[(word, f"{word.lower()}|{'T' if word.istitle() else 'w'}") for word in line.split()] for line in lines]


def expected_pairs(line: str) -> list[tuple[int, int, tuple[str, str]]]:
    """Return the phrases of a line: the first token, the number of tokens, the text and the key."""
    words, found, place = line.split(), [], 0
    while place < len(words) - 1:
        first, second = words[place : place + 2]
        is_pair = first.istitle() and second.istitle()
        if is_pair:
            found.append((place, 2, (f"{first} {second}", f"{first}_{second}|PAIR")))
        place += 2 if is_pair else 1
    return found


def source_of(lines: list[str], *, fingerprint: str | None = "f", per_batch: int = 70) -> ListSource:
    """Return lines as a source in several batches."""
    batches = [lines[start : start + per_batch] for start in range(0, len(lines), per_batch)]
    return ListSource(*batches, fingerprint=fingerprint)


class Messages(EncodingCallback):
    """Keeps messages and progress."""

    def __init__(self):
        self.texts = []
        self.progress = []

    def on_message(self, text):
        self.texts.append(text)

    def on_encoding(self, progress):
        self.progress.append(progress)


def use_small_shards(setattr_=setattr, *, shard: int = 2000, batch: int = 400) -> None:
    """Let shards and batches be small."""
    setattr_(_annotation, "SHARD_BYTES", shard)
    setattr_(_cutting, "SMALL_BYTES", batch)


if __name__ == "__main__":
    texts, cache = map(Path, sys.argv[1:])
    use_small_shards()
    source = source_of(texts.read_text(encoding="utf-8").splitlines())
    with _cache.prepared_corpus(
        source, logging_pipeline(0.005), key_settings(), max_vocab_size=None, cache_dir=cache
    ) as corpus:
        print(corpus.directory)  # noqa: T201
