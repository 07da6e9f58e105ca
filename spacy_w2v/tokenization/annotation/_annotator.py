"""Annotates texts with some components of a pipeline, one small group of texts at a time."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow as pa

from spacy_w2v._system.cores import available_cores
from spacy_w2v.errors import ConfigError, CorpusError
from spacy_w2v.errors._wording import first_line
from spacy_w2v.sources._docbin_values import docs_of_value
from spacy_w2v.sources._source import ANNOTATED_DOCS, GIVEN_TOKENS
from spacy_w2v.tokenization._tokens import transient_strings
from spacy_w2v.tokenization.annotation._pieces import Piece

if TYPE_CHECKING:
    from spacy.tokens import Doc
    from spacy.vocab import Vocab


MAX_TOKENS = 20_000
"""The maximum number of tokens of a Doc of a file that is annotated: as many as MAX_CHARACTERS have in English."""


class Annotator(NamedTuple):
    """The parts of a pipeline that annotate, which can be pickled for another process."""

    vocab: Any  # Any: spaCy declares no in_memory_zone
    tokenizer: Any  # Any: tokenizers have no common type
    components: Sequence[tuple[str, Any]]  # Any: a component is any function
    """The name of each component that runs, and the component, in order."""
    batch_size: int
    """The number of Docs that a component takes at once."""

    @contextmanager
    def memory_zone(self) -> Iterator[None]:
        """Free what the block adds to the vocab, when the block ends: it would grow with the corpus."""
        if self.vocab.in_memory_zone:
            yield
            return
        with ExitStack() as stack:
            stack.enter_context(transient_strings(self))
            for _, component in self.components:
                if hasattr(component, "memory_zone"):
                    stack.enter_context(component.memory_zone())
            yield

    def n_processes(self, n_asked: int, n_cores: int | None = None) -> int:
        """Return the number of processes for a setting of n_process, which may be 0, to choose it.

        It is one per core, or a single one if a component computes on a GPU, which processes cannot share.

        Args:
            n_asked: The setting.
            n_cores: The number of cores to use. If None, all that are available.
        """
        models = (getattr(component, "model", None) for _, component in self.components)
        uses_gpu = any(getattr(getattr(model, "ops", None), "name", "") == "cupy" for model in models)
        return n_asked or (1 if uses_gpu else n_cores or available_cores())

    def docs_of(
        self,
        pieces: Sequence[Piece],
        kind: pa.DataType,
        *,
        is_annotated: "Callable[[Doc], bool]",
        problem: ConfigError | None = None,
    ) -> "list[tuple[Doc, bool]]":
        """Return the annotated Docs of some texts, and whether a text begins with each.

        Args:
            pieces: The texts.
            kind: The type of all of them.
            is_annotated: Returns whether a Doc of a file has all annotation that is needed, so that no component runs.
            problem: Why the components do not set all annotation, if so. It is raised if they would have to run.

        Raises:
            ConfigError: The problem, if there is one.
            CorpusError: The tokenizer or a component fails.
        """
        if kind == ANNOTATED_DOCS:
            docs: list[tuple[Doc, bool]] = []
            places: list[int] = []
            for doc in (doc for piece in pieces for doc in docs_of_value(piece.value, self.vocab)):
                if is_annotated(doc):
                    docs.append((doc, True))
                    continue
                parts = _parts_of(doc)
                places += range(len(docs), len(docs) + len(parts))
                docs += [(part, number == 0) for number, part in enumerate(parts)]
        else:
            docs = self._tokenized(pieces, kind)
            places = list(range(len(docs)))
        if places and problem is not None:
            raise problem
        annotated = self._annotated([docs[place][0] for place in places])
        for place, doc in zip(places, annotated, strict=True):
            docs[place] = (doc, docs[place][1])
        return docs

    def _tokenized(self, pieces: Iterable[Piece], kind: pa.DataType) -> "list[tuple[Doc, bool]]":
        """Return the Docs of some texts before annotation, and whether a text begins with each.

        Args:
            pieces: The texts.
            kind: The type of all of them.

        Raises:
            CorpusError: The tokenizer fails.
        """
        if kind == GIVEN_TOKENS:
            return [(doc_of_tokens(piece.value, self.vocab), piece.is_first) for piece in pieces]
        docs = []
        for piece in pieces:
            try:
                docs.append((self.tokenizer(piece.value), piece.is_first))
            except Exception as error:  # a user's tokenizer may raise any error
                raise CorpusError(_failure("tokenizer", error, text=piece.value)) from error
        return docs

    def _annotated(self, docs: "list[Doc]") -> "list[Doc]":
        """Return the Docs after all components have run.

        Raises:
            CorpusError: A component fails.
        """
        if not docs:
            return docs
        for name, component in self.components:
            try:
                docs = _run(component, docs, self.batch_size)
            except Exception as error:  # a component may raise any error
                raise CorpusError(_failure(f"component '{name}'", error, text=docs[0].text)) from error
        return docs


def _run(component: Any, docs: "list[Doc]", batch_size: int) -> "list[Doc]":
    """Return the Docs after a component has run.

    Raises:
        Exception: Any error of the component.
    """
    from spacy.tokens import Doc

    if hasattr(component, "pipe"):
        found = list(component.pipe(docs, batch_size=batch_size))
    else:
        found = [component(doc) for doc in docs]
    if len(found) != len(docs) or not all(isinstance(doc, Doc) for doc in found):
        kinds = {type(doc).__name__ for doc in found} - {"Doc"}
        raise TypeError(f"a component must return each Doc, but returned {', '.join(kinds) or 'fewer Docs'}")
    return found


def _failure(what: str, error: Exception, *, text: str) -> str:
    """Return a message for an error of a part of the pipeline.

    Args:
        what: The part.
        error: The error.
        text: The first of the texts.
    """
    return (
        f"The {what} of the pipeline must annotate all texts, but fails in a group of texts that begins with "
        f"{text[:40]!r}: {type(error).__name__}: {first_line(error)}. Correct it, leave out such texts, or disable it "
        "if the keys do not need it."
    )


def _parts_of(doc: "Doc") -> "list[Doc]":
    """Return the parts of a Doc that is too long for components, or the Doc itself."""
    if len(doc) <= MAX_TOKENS:
        return [doc]
    starts = range(0, len(doc), MAX_TOKENS)
    return [doc[start : start + MAX_TOKENS].as_doc() for start in starts]


def doc_of_tokens(sentences: list[list[str | None]], vocab: "Vocab") -> "Doc":
    """Return a Doc of given tokens. Its sentences are set if there are several.

    Args:
        sentences: The tokens of each sentence. Those that are empty or None are left out.
        vocab: The vocab of the Doc.
    """
    from spacy.tokens import Doc

    found = [[token for token in tokens if token] for tokens in sentences]
    words = [token for tokens in found for token in tokens]
    if sum(map(bool, found)) < 2:
        return Doc(vocab, words=words)
    starts = [place == 0 for tokens in found for place in range(len(tokens))]
    return Doc(vocab, words=words, sent_starts=starts)
