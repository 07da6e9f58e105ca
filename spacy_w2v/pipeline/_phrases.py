"""The spaCy component `phrases`, which finds the phrases of the vectors table in documents, and its factory."""

import warnings
from typing import Any, Literal

from spacy.language import Language
from spacy.tokens import Doc, Span, SpanGroup

from spacy_w2v.errors import ConfigError, ConfigWarning
from spacy_w2v.errors._reraising import shown_by_spacy
from spacy_w2v.formats.spacy._phrase_keys import ATTRIBUTES, PhraseKeys
from spacy_w2v.formats.spacy._reading import is_floret_table
from spacy_w2v.pipeline._phrase_vectors import hook_phrases


class PhrasesComponent:
    """Pipeline component that finds phrases with a vector, such as "New York".

    Phrases are the keys of the vectors table with a space, which training with `[w2v.phrases]` gives it. The component
    lists them in `doc.spans`. A span that is a phrase, listed or not, has the vector of the phrase. With merge = true,
    each listed phrase becomes one token.
    """

    def __init__(
        self,
        nlp: Language,
        name: str,
        *,
        merge: bool = False,
        attr: str | None = None,
        spans_key: str = "phrases",
    ) -> None:
        """Create the component. Pipelines create it with the factory `phrases`; see `make_phrases`."""
        self.name = name
        self.merge = merge
        self.attr = attr
        self.spans_key = spans_key
        self._nlp: Language | None = nlp
        self._keys: PhraseKeys | None = None  # of the last table used

    def __getstate__(self) -> dict[str, Any]:  # Any: the attributes
        """Leave out the pipeline and what is computed again when it is needed."""
        return self.__dict__ | {"attr": self._attr(), "_nlp": None, "_keys": None}

    def __call__(self, doc: Doc) -> Doc:
        """List the phrases of a document, and either set the hooks for the vectors of its spans or merge its tokens.

        Args:
            doc: The document.

        Returns:
            The same document. `doc.spans["phrases"]` has the phrases. The label of each is its key in the vectors.
        """
        keys = self._bind(doc.vocab)
        spans = keys.find(doc)
        if self.merge:
            spans = _merged(doc, [span for span in spans if keys.add_text(span)])
        doc.spans[self.spans_key] = SpanGroup(doc, name=self.spans_key, spans=spans)
        if keys.max_words and not self.merge:  # the tokens of merged phrases have their vectors
            hook_phrases(doc, attr=keys.attr, max_words=keys.max_words)
        return doc

    def _bind(self, vocab: Any) -> PhraseKeys:
        """Return the phrases of a vocab's vectors table, with a warning if it has none and was not used before."""
        table = vocab.vectors
        if self._keys is None or not self._keys.is_of(table):
            self._keys = PhraseKeys(vocab, attr=self._attr())
            if not self._keys.max_words:
                reason = (
                    "a table in the mode floret has no list of phrases. Export the vectors with composed = true."
                    if is_floret_table(table)
                    else "the vectors of the pipeline have no phrases: no key has a space. Train vectors with "
                    "[w2v.phrases]."
                )
                warnings.warn(
                    f"The component '{self.name}' finds nothing, because {reason}", ConfigWarning, stacklevel=3
                )
        return self._keys

    def _attr(self) -> str:
        """Return the attribute by which words are compared: that of the settings, or that of the vectors."""
        if self.attr is not None or self._nlp is None:
            return self.attr or "ORTH"
        found: Any = self._nlp.meta.get("w2v")
        for name in ("tokens", "attr"):
            found = found.get(name) if isinstance(found, dict) else None
        return found if found in ATTRIBUTES else "ORTH"


def _merged(doc: Doc, spans: list[Span]) -> list[Span]:
    """Merge the tokens of each span, and return the spans with the new tokens. All must have vectors under their texts.

    spaCy would make a vector for any other, and let the table grow by a third for the first of them.
    """
    places, n_gone = [], 0
    for span in spans:
        places.append((span.start - n_gone, span.label))
        n_gone += len(span) - 1
    with doc.retokenize() as retokenizer:
        for span in spans:
            retokenizer.merge(span)
    return [Span(doc, start, start + 1, label=label) for start, label in places]


@Language.factory(
    "phrases", assigns=["doc.spans"], default_config={"merge": False, "attr": None, "spans_key": "phrases"}
)
def make_phrases(
    nlp: Language, name: str, merge: bool, attr: Literal["ORTH", "LOWER", "NORM"] | None, spans_key: str
) -> PhrasesComponent:
    """Create the component `phrases`, which finds the phrases of the pipeline's vectors, such as "New York".

    Args:
        nlp: The pipeline.
        name: Name of the component.
        merge: Whether the tokens of each phrase become one token, whose vector is that of the phrase. Otherwise tokens
            stay, and `span.vector` is the vector of a phrase.
        attr: The attribute by which the words of a phrase are compared with tokens: "ORTH", "LOWER" or "NORM". None for
            that of the vectors, if they were trained by this package, and otherwise "ORTH". Phrases of a key function
            are compared by "ORTH"; the component `w2v` finds them by their keys.
        spans_key: The key in `doc.spans` under which phrases are listed.

    Returns:
        The component.

    Raises:
        ConfigError: A setting is invalid.

    Example:
        >>> nlp = spacy.load("pipeline")
        >>> nlp.vocab.set_vector("prime minister", nlp.vocab["minister"].vector)
        >>> component = nlp.add_pipe("phrases")
        >>> doc = nlp("She was the Prime Minister of India")
        >>> [span.text for span in doc.spans["phrases"]]
        ['Prime Minister']
        >>> bool((doc[3:5].vector == nlp.vocab["minister"].vector).all())
        True
    """
    with shown_by_spacy(f"The component '{name}' cannot be created"):
        if not spans_key:
            raise ConfigError('spans_key must be a name, such as "phrases", was: ""')
        return PhrasesComponent(nlp, name, merge=merge, attr=attr, spans_key=spans_key)
