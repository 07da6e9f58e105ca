"""The texts of which common components are computed, as documents with the annotation that keys need."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import nullcontext
from itertools import islice
from typing import TYPE_CHECKING, Any

from spacy.language import Language
from spacy.tokens import Doc

from spacy_w2v._arrays import Vectors
from spacy_w2v.pipeline._annotating import annotating
from spacy_w2v.pipeline._doc_vectors import DocVectors
from spacy_w2v.tokenization._components import needed_components
from spacy_w2v.tokenization._tokens import transient_strings

if TYPE_CHECKING:
    from spacy_w2v.pipeline._document_keys import DocumentKeyReader
    from spacy_w2v.pipeline._text_sample import SampledSource

MAX_EXAMPLES = 5_000


class SampledTexts:
    """Some texts of a source or, without one, of the examples of a pipeline."""

    def __init__(
        self,
        nlp: Language,
        component: object,
        source: "SampledSource | None",
        get_examples: Callable[[], Iterable[Any]],  # Any: spaCy's Examples
    ) -> None:
        """Take texts from a source or from examples.

        Args:
            nlp: The pipeline.
            component: The component. Those before it annotate texts for keys.
            source: The texts.
            get_examples: Returns the examples to use if there is no source.
        """
        self.nlp = nlp
        self.component = component
        self.source = source
        self.get_examples = get_examples

    def vectors(self, doc_vectors: DocVectors) -> list[Vectors]:
        """Return the vectors of the texts."""
        lines = self.source.sample() if self.source is not None else []
        keyed = doc_vectors.keyed(self.nlp.vocab)
        # Not for examples: the caller may keep them, so their strings must stay.
        with transient_strings(self.nlp) if lines else nullcontext():
            docs = map(self.nlp.make_doc, lines) if lines else self._of_examples()
            if keyed is not None:
                docs = self._annotated(docs, keyed.reader)
            return [doc_vectors.span_vector(doc) for doc in docs]

    def _of_examples(self) -> Iterator[Doc]:
        return (example.reference for example in islice(self.get_examples(), MAX_EXAMPLES))

    def _annotated(self, docs: Iterator[Doc], reader: "DocumentKeyReader") -> Iterator[Doc]:
        """Yield documents with the annotation that keys need, as far as the pipeline sets it."""
        with annotating(self.nlp, reader.function, before=self.component):
            needed = needed_components(self.nlp, reader.function)
            with self.nlp.select_pipes(enable=needed):
                for doc in docs:
                    yield self.nlp(doc.copy()) if needed and reader.missing(doc) else doc
