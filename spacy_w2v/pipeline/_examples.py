"""Texts as spaCy's `Example` objects without annotations, for `spacy pretrain` and components that need no labels."""

import inspect
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from spacy_w2v.errors import CorpusError
from spacy_w2v.errors._reraising import shown_by_spacy
from spacy_w2v.sources._docbin_values import tokens_of_docs
from spacy_w2v.sources._huggingface import make_dataset_v1
from spacy_w2v.sources._source import ANNOTATED_DOCS, GIVEN_TOKENS, TextSource, text_of

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.training import Example


NOT_READ = "The texts cannot be read"
"""Title of errors that spaCy's commands show."""


class ExamplesCorpus:
    """Reads a source at each call, and yields an `Example` for each document, as spacy.JsonlCorpus does."""

    def __init__(self, source: TextSource, *, min_length: int = 0, max_length: int = 0, limit: int = 0):
        for name, value in (("min_length", min_length), ("max_length", max_length), ("limit", limit)):
            if value < 0:
                raise CorpusError(f"{name} must be at least 0 (0 for no limit), was: {value}")
        self.source = source
        self.min_length = min_length
        self.max_length = max_length
        self.limit = limit

    def __call__(self, nlp: "Language") -> "Iterator[Example]":
        """Yield the examples. Their predicted and reference documents have the tokens of the pipeline, and no labels.

        Args:
            nlp: The pipeline whose tokenizer is used.

        Raises:
            CorpusError: A text is longer than `nlp.max_length` and max_length is not set, or there is no example at
                all. (If spaCy streams the corpus, it would wait forever for the first one.)
        """
        from itertools import islice

        return islice(self._examples(nlp), self.limit or None)

    def _examples(self, nlp: "Language") -> "Iterator[Example]":
        from spacy.tokens import Doc
        from spacy.training import Example

        n_examples = 0
        with shown_by_spacy(NOT_READ):
            for batch in self.source.batches():
                texts = tokens_of_docs(batch.texts) if batch.texts.type == ANNOTATED_DOCS else batch.texts
                for text in texts:
                    if self._is_too_long(characters := text_of(text), max_characters=nlp.max_length):
                        continue
                    given = texts.type == GIVEN_TOKENS
                    doc = Doc(nlp.vocab, words=_tokens_of(text)) if given else nlp.make_doc(characters)
                    if len(doc) < max(1, self.min_length) or 0 < self.max_length < len(doc):
                        continue
                    words, spaces = [token.text for token in doc], [bool(token.whitespace_) for token in doc]
                    yield Example(doc, Doc(nlp.vocab, words=words, spaces=spaces))
                    n_examples += 1
            if not n_examples:
                raise CorpusError(
                    f"A corpus must have documents with tokens (min_length = {self.min_length}, max_length = "
                    f"{self.max_length}), but {self.source.name} has none."
                )

    def _is_too_long(self, text: str, *, max_characters: int) -> bool:
        """Return whether a text is skipped because spaCy cannot process it.

        Args:
            text: The text.
            max_characters: `nlp.max_length`.

        Raises:
            CorpusError: It is too long, and max_length is not set.
        """
        if len(text) > max_characters and not self.max_length:
            raise CorpusError(
                f"A text must have at most {max_characters:,} characters (nlp.max_length), but one has "
                f"{len(text):,}: {text[:40].strip()!r} ... Set max_length (in tokens) to skip long texts, or split "
                "them."
            )
        return len(text) > max_characters


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
    """Create the reader "spacy_w2v.DatasetCorpus.v1", which reads texts as examples without annotations.

    Args:
        min_length: Skip documents with fewer tokens. 0 for no limit.
        max_length: Skip documents with more tokens. 0 for no limit.
        limit: Stop after this many examples. 0 for no limit.
        **dataset: The arguments of "spacy_w2v.Dataset.v1", such as `data_files` and `text_field`.

    Returns:
        A function that takes the pipeline and yields `Example` objects.

    Raises:
        CorpusError: An argument is invalid, or the files do not exist.

    Example:
        >>> from spacy_w2v.pipeline._examples import make_dataset_corpus_v1
        >>> read_examples = make_dataset_corpus_v1(data_files="news.txt", limit=3)
        >>> len(list(read_examples(spacy.blank("en"))))
        3
    """
    return ExamplesCorpus(make_dataset_v1(**dataset), min_length=min_length, max_length=max_length, limit=limit)


def _signature() -> inspect.Signature:
    """Return the signature of make_dataset_corpus_v1 with each argument by name. spaCy validates configs with it."""
    own = inspect.signature(make_dataset_corpus_v1)
    bounds = [value for value in own.parameters.values() if value.kind is inspect.Parameter.KEYWORD_ONLY]
    return own.replace(parameters=[*inspect.signature(make_dataset_v1).parameters.values(), *bounds])


make_dataset_corpus_v1.__signature__ = _signature()  # type: ignore[attr-defined]  # inspect reads it
