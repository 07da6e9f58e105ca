"""Texts as spaCy's examples without annotations: for `spacy pretrain`, and for components that need no labels."""

import inspect
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from spacy_w2v.errors import CorpusError
from spacy_w2v.errors._reraising import shown_by_spacy
from spacy_w2v.sources._huggingface import make_dataset_v1
from spacy_w2v.sources._source import GIVEN_TOKENS, TextSource, text_of

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.training import Example


NOT_READ = "The texts cannot be read"
"""Title of errors that spaCy's commands show."""


class ExamplesCorpus:
    """Reads a source again at each call, and makes an Example of each document, as spacy.JsonlCorpus does."""

    def __init__(self, source: TextSource, *, min_length: int = 0, max_length: int = 0, limit: int = 0):
        for name, value in (("min_length", min_length), ("max_length", max_length), ("limit", limit)):
            if value < 0:
                raise CorpusError(f"{name} must be at least 0 (0 for no bound), was: {value}")
        self.source = source
        self.min_length = min_length
        self.max_length = max_length
        self.limit = limit

    def __call__(self, nlp: "Language") -> "Iterator[Example]":
        """Yield the examples, both sides of which have the tokens of `nlp` and nothing else.

        Raises CorpusError for a text that is longer than spaCy takes, unless max_length leaves out long ones; and at
        the end if there was no example, for which spaCy would look forever where it streams.
        """
        from itertools import islice

        return islice(self._examples(nlp), self.limit or None)

    def _examples(self, nlp: "Language") -> "Iterator[Example]":
        from spacy.tokens import Doc
        from spacy.training import Example

        n_examples = 0
        with shown_by_spacy(NOT_READ):
            for batch in self.source.batches():
                for text in batch.texts:
                    if self._too_long(characters := text_of(text), most=nlp.max_length):
                        continue
                    given = batch.texts.type == GIVEN_TOKENS
                    doc = Doc(nlp.vocab, words=_tokens_of(text)) if given else nlp.make_doc(characters)
                    if len(doc) < max(1, self.min_length) or 0 < self.max_length < len(doc):
                        continue
                    words, spaces = [token.text for token in doc], [bool(token.whitespace_) for token in doc]
                    yield Example(doc, Doc(nlp.vocab, words=words, spaces=spaces))
                    n_examples += 1
            if not n_examples:
                raise CorpusError(
                    f"A corpus must have documents with tokens, min_length = {self.min_length} and max_length = "
                    f"{self.max_length}, but {self.source.name} has none."
                )

    def _too_long(self, text: str, *, most: int) -> bool:
        """Return whether a text is left out without a look at its tokens, since it is longer than spaCy takes."""
        if len(text) > most and not self.max_length:
            raise CorpusError(
                f"A text must have at most {most:,} characters, nlp.max_length, was one of {len(text):,}: "
                f"{text[:40].strip()!r} ... Set max_length (in tokens) to leave out long texts, or cut them before."
            )
        return len(text) > most


def _tokens_of(document: Any) -> list[str]:  # Any: an Arrow scalar, which has no types
    return [token for sentence in document.as_py() for token in sentence if token]


@shown_by_spacy(NOT_READ)
def make_dataset_corpus_v1(
    *,
    min_length: int = 0,
    max_length: int = 0,
    limit: int = 0,
    **dataset: Any,  # Any: the arguments of make_dataset_v1, which checks them
) -> "Callable[[Language], Iterator[Example]]":
    """Make the reader "spacy_w2v.DatasetCorpus.v1": the texts that spacy_w2v.Dataset.v1 reads, as examples.

    It takes the arguments of spacy_w2v.Dataset.v1, and those of spacy.JsonlCorpus.v1: min_length, max_length: leave
    out documents with fewer or more tokens; limit: stop after so many examples. 0 for no bound.
    """
    return ExamplesCorpus(make_dataset_v1(**dataset), min_length=min_length, max_length=max_length, limit=limit)


def _signature() -> inspect.Signature:
    """Return the signature of make_dataset_corpus_v1 with all arguments by name, which is what configs are held to."""
    own = inspect.signature(make_dataset_corpus_v1)
    bounds = [value for value in own.parameters.values() if value.kind is inspect.Parameter.KEYWORD_ONLY]
    return own.replace(parameters=[*inspect.signature(make_dataset_v1).parameters.values(), *bounds])


make_dataset_corpus_v1.__signature__ = _signature()  # type: ignore[attr-defined]  # inspect looks for it
