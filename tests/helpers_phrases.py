"""Helpers of the tests of phrases: small corpora of words, and gensim's phrases of the same sentences."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from gensim.models.phrases import Phrases

from spacy_w2v.config._phrases import PhraseSettings
from spacy_w2v.corpus._counts import DocumentCounts
from spacy_w2v.corpus._fingerprint import CorpusFingerprint
from spacy_w2v.corpus._store import Corpus, CorpusWriter, open_corpus
from spacy_w2v.tokenization._tokens import EncodedBatch, Types

Sentences = Sequence[Sequence[str]]


def corpus_of(directory: Path, sentences: Sentences, *, lower: bool = True) -> Corpus:
    """Write an encoded corpus of sentences, whose keys are the words in lower case, and open it."""
    directory.mkdir(parents=True, exist_ok=True)
    orths = list(dict.fromkeys(word for sentence in sentences for word in sentence))
    number_of = {orth: number for number, orth in enumerate(orths)}
    types = Types(orths, [orth.lower() if lower else orth for orth in orths])
    tokens = np.array([number_of[word] for sentence in sentences for word in sentence], np.uint32)
    lengths = np.array([len(sentence) for sentence in sentences if sentence], np.int64)
    fingerprint = CorpusFingerprint(format=3, source="f1", tokenizer="t", tokens={}, max_vocab_size=None)
    writer = CorpusWriter(directory, max_types=None)
    writer.add(EncodedBatch(types, np.arange(len(orths), dtype=np.uint32), tokens, lengths))
    writer.close(source="list", fingerprint=fingerprint, documents=DocumentCounts(1, 0, 0))
    return open_corpus(directory)


def gensim_phrases(sentences: Iterable[Sequence[str]], settings: PhraseSettings, threshold: float) -> Phrases:
    """Return gensim's phrases of sentences, with the same settings."""
    return Phrases(
        sentences,
        min_count=settings.min_count,
        threshold=threshold,
        max_vocab_size=10**9,
        delimiter=settings.delimiter,
        scoring=settings.scoring,
        connector_words=settings.connectors,
    )


def scores_of_gensim(phrases: Phrases) -> dict[str, float]:
    """Return gensim's phrases and scores.

    Its own `export_phrases` takes the first and last word of a text, which is wrong if words contain the delimiter. So
    here all divisions of a text into words of its vocabulary are asked for.
    """
    between, found = phrases.delimiter, {}
    for text in phrases.vocab:
        parts = text.split(between)
        for begin in range(1, len(parts)):
            for end in range(begin, len(parts)):
                inside = parts[begin:end]
                if any(word not in phrases.connector_words for word in inside):
                    break
                first, second = between.join(parts[:begin]), between.join(parts[end:])
                if first in phrases.connector_words or second in phrases.connector_words:
                    continue
                _, score = phrases.score_candidate(first, second, inside)
                if score is not None:
                    found[text] = max(score, found.get(text, score))
    return found
