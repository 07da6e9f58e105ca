"""Keys with senses, as sense2vec makes them: words with their part of speech, entities and noun phrases."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Literal

from spacy_w2v.keys._noun_phrases import entity_of, noun_phrases, without_overlaps, without_space
from spacy_w2v.keys._spelling import SENSE_OF_URLS, WORD_OF_URLS, in_sentence_case, with_sense
from spacy_w2v.keys._token_keys import TokenKeys

if TYPE_CHECKING:
    from spacy.tokens import Doc, Span, Token

PhraseKind = Literal["ents", "noun_chunks"]

PHRASES: list[PhraseKind] = ["ents", "noun_chunks"]
"""The phrases that have keys by default: all that sense2vec has."""

NOUN_PHRASE = "NP"
"""The label of spaCy's noun chunks. The sense of a noun phrase is the part of speech of its noun instead."""


class SenseKeys(TokenKeys):
    """The key of a token or phrase is its text and its sense: "duck|NOUN", "duck|VERB", "New_York|GPE".

    The sense of an entity is its type, and that of another word or phrase is its part of speech. The tokens of a phrase
    have keys of their own, by their parts of speech.
    """

    optional = ("doc.noun_chunks",)

    def __init__(
        self, phrases: Sequence[PhraseKind] = tuple(PHRASES), lemma: bool = False, *, true_case: bool = True
    ) -> None:
        """Initialize the function.

        Args:
            phrases: The phrases that have keys: entities, noun phrases, both or none. Where two overlap, entities are
                preferred. Without "ents", entities have no senses of their own.
            lemma: Whether words are lemmas instead of texts.
            true_case: Whether the first word of a sentence is in lower case, unless it is an entity.
        """
        super().__init__()
        self.kinds = tuple(phrases)
        self.lemma = lemma
        self.true_case = true_case and not lemma

    @property
    def has_entities(self) -> bool:
        """Whether entities have keys by their types."""
        return "ents" in self.kinds

    @property
    def attributes(self) -> tuple[str, ...]:  # type: ignore[override]  # they depend on the settings
        """The attributes that a token's own key depends on."""
        case = ("SENT_START", "ENT_TYPE") if self.true_case else ()
        return ("ORTH", "POS", *(("LEMMA",) if self.lemma else ()), *case)

    @property
    def requires(self) -> tuple[str, ...]:  # type: ignore[override]  # as above
        """The annotation that the keys need."""
        return (
            "token.pos",
            *(("token.lemma",) if self.lemma else ()),
            *(("token.is_sent_start",) if self.true_case else ()),
            *(f"doc.{kind}" for kind in self.kinds),
        )

    def __call__(self, doc: "Doc") -> Iterator[tuple[int, int, str]]:
        """Yield the keys of tokens, then those of phrases."""
        keys, spans = self.own_keys(doc), self._spans(doc)
        for span in spans:
            if len(span) == 1:
                keys[span.start] = self._key_of_span(span, span.label_)
        for place, key in enumerate(keys):
            if key is not None:
                yield place, place + 1, key
        for span in spans:
            if len(span) > 1:
                yield span.start, span.end, self._key_of_span(span, span.label_)

    def phrases(self, doc: "Doc") -> "list[Span]":
        """Return the entities and noun phrases of several tokens, in the order of the text."""
        return [span for span in self._spans(doc) if len(span) > 1]

    def own_key(self, token: "Token") -> str | None:
        """Return the key of a token by its part of speech; None for white space."""
        return None if token.is_space else self._key_of_word(token, token.pos_)

    def key_of(self, place: "Token | Span") -> str | None:
        """Return the key of a token or span, whether or not it is a phrase; None for white space."""
        if not hasattr(place, "start"):
            return self._key_of_token(place)
        span = without_space(place)
        if span is None:
            return None
        given = "" if span.label_ == NOUN_PHRASE else span.label_
        return self._key_of_span(span, self._entity_type(span) or given)

    def _spans(self, doc: "Doc") -> "list[Span]":
        """Return the entities and noun phrases of a Doc, also those of one token, in the order of the text."""
        entities = map(without_space, doc.ents) if self.has_entities else ()
        chunks = map(without_space, noun_phrases(doc)) if "noun_chunks" in self.kinds else ()
        return without_overlaps(filter(None, entities), filter(None, chunks))

    def _key_of_token(self, token: "Token") -> str | None:
        """Return the key of a token: by the type of its entity if it has one to itself."""
        if token.is_space:
            return None
        label = self._entity_type(token.doc[token.i : token.i + 1])
        return self._key_of_word(token, label or token.pos_)

    def _key_of_word(self, token: "Token", sense: str) -> str:
        if token.like_url:
            return with_sense(WORD_OF_URLS, SENSE_OF_URLS)
        return with_sense(self._text(token, first=token), sense)

    def _key_of_span(self, span: "Span", label: str) -> str:
        """Return the key of a span with the type of its entity, or a label; "" for its part of speech."""
        sense = label or span.root.pos_
        if len(span) == 1:
            return self._key_of_word(span[0], sense)
        return with_sense(self._text(span, first=span[0]), sense)

    def _text(self, place: "Token | Span", *, first: "Token") -> str:
        text: str = place.text
        if self.lemma:
            return place.lemma_.strip() or text
        return in_sentence_case(text) if self.true_case and first.is_sent_start and not self._is_name(first) else text

    def _is_name(self, token: "Token") -> bool:
        """Return whether a token keeps its case at the start of a sentence."""
        return bool(token.ent_type if self.has_entities else token.pos_ == "PROPN")

    def _entity_type(self, span: "Span") -> str:
        """Return the type of the entity that a span is; "" if it is none, or entities have no keys."""
        entity = entity_of(span[0]) if self.has_entities else None
        is_span = entity is not None and (entity.start, entity.end) == (span.start, span.end)
        return span[0].ent_type_ if is_span else ""


def make_sense_keys_v1(phrases: list[PhraseKind] = PHRASES, lemma: bool = False, true_case: bool = True) -> SenseKeys:
    """Create the function whose keys are words and phrases with senses, such as "duck|NOUN" and "New_York|GPE".

    Args:
        phrases: The phrases that have keys: entities ("ents"), noun phrases ("noun_chunks"), both or none. Where two
            overlap, entities are preferred.
        lemma: Whether words are lemmas instead of texts.
        true_case: Whether the first word of a sentence is in lower case, unless it is an entity.
    """
    return SenseKeys(phrases, lemma, true_case=true_case)
