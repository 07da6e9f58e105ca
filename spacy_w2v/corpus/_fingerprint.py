"""The fingerprint of an encoded corpus: everything that determines its content."""

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spacy_w2v._system.hashing import sha256_of_text, sha256_of_values
from spacy_w2v.config._schema import TokensSettings
from spacy_w2v.errors._wording import worded
from spacy_w2v.sources._parts import PART_BYTES, divided
from spacy_w2v.sources._source import TextSource
from spacy_w2v.tokenization._affix_rules import state_of
from spacy_w2v.tokenization._code import code_of
from spacy_w2v.tokenization._jieba_words import jieba_fingerprint
from spacy_w2v.tokenization._stock_tokenizer import is_stock_tokenizer
from spacy_w2v.tokenization.annotation._fingerprint import keys_fingerprint

if TYPE_CHECKING:
    from spacy.language import Language

FORMAT_VERSION = 3
"""The version of the format of encoded corpora, and of each part of a corpus of several parts."""

VERSION_OF_PARTS = 4
"""The version of the format of corpora of several parts."""

FORMATS = frozenset({FORMAT_VERSION, VERSION_OF_PARTS})
"""The formats of this version. They have the same fingerprints of tokenizers."""

PARTS = {
    "format": "the format of the cache has changed",
    "source": "the texts or the settings of [w2v.corpus] have changed",
    "tokenizer": "the tokenizer has changed",
    "tokens": "settings of [w2v.tokens] have changed",
    "keys": "the keys, or the components of the pipeline that they need, have changed",
    "max_vocab_size": "max_vocab_size has changed",
    "phrases": "the phrases or the settings of [w2v.phrases] have changed",
}
"""The parts of a fingerprint, and the clause for messages if a part differs."""


@dataclass(frozen=True)
class CorpusFingerprint:
    """Everything that determines the content of an encoded corpus."""

    format: int
    """The version of the format of encoded corpora."""
    source: str | None
    """The fingerprint of the source. If None, the corpus cannot be cached."""
    tokenizer: str
    """A hash of the tokenizer."""
    tokens: dict[str, Any]  # Any: JSON values
    """The settings of `[w2v.tokens]`, without n_process, and without the keys and the pipeline."""
    max_vocab_size: int | None
    phrases: dict[str, Any] | None = None  # Any: JSON values
    """What determines the phrases that are joined to one token each. None for a corpus as it was encoded."""
    keys: dict[str, Any] | None = None  # Any: JSON values
    """What determines the keys of annotated texts. None if an attribute of a token is its key."""

    def to_json(self) -> dict[str, Any]:  # Any: JSON values
        """Return the fingerprint as JSON values, without phrases and keys if there are none."""
        values = asdict(self)
        return {name: value for name, value in values.items() if value is not None or name not in ("phrases", "keys")}

    def with_phrases(self, phrases: dict[str, Any]) -> "CorpusFingerprint":  # Any: JSON values
        """Return the fingerprint of the corpus in which phrases of this corpus are joined, which may have some."""
        return replace(self, phrases=phrases if self.phrases is None else {**phrases, "of": self.phrases})

    def of(self, source: str | None) -> "CorpusFingerprint":
        """Return the fingerprint of the corpus with this fingerprint of its source, and the same settings."""
        return replace(self, source=source)

    def of_parts(self, sources: Iterable[str]) -> "CorpusFingerprint":
        """Return the fingerprint of the corpus whose parts have these fingerprints of their sources."""
        return replace(self, format=VERSION_OF_PARTS, source=f"parts:{sha256_of_values(list(sources))}")

    def digest(self) -> str:
        """Return a short hash: the name of the corpus in the cache."""
        return sha256_of_text(json.dumps(self.to_json(), sort_keys=True))[:16]


def corpus_fingerprint(
    source: TextSource,
    nlp: "Language",
    settings: TokensSettings,
    *,
    max_vocab_size: int | None,
    code_path: Path | None = None,
) -> CorpusFingerprint:
    """Return the fingerprint of the corpus that would be encoded now.

    Args:
        source: The source of the texts.
        nlp: The pipeline whose tokenizer makes the tokens.
        settings: The block `[w2v.tokens]`.
        max_vocab_size: The setting `max_vocab_size` of `[w2v.vocabulary]`.
        code_path: A Python file with the user's registered functions.

    Raises:
        CorpusError: The source does not exist.
    """
    encoding = encoding_fingerprint(nlp, settings, max_vocab_size=max_vocab_size, code_path=code_path)
    parts = parts_by_fingerprint(source, settings)
    return encoding.of_parts(name for name, _ in parts) if parts else encoding.of(source.fingerprint())


def encoding_fingerprint(
    nlp: "Language", settings: TokensSettings, *, max_vocab_size: int | None, code_path: Path | None = None
) -> CorpusFingerprint:
    """Return the fingerprint of how any texts would be encoded now; see `corpus_fingerprint` for the arguments."""
    keys = keys_fingerprint(nlp, settings, code_path=code_path)
    tokens = settings.model_dump(mode="json", exclude={"n_process", "keys", "pipeline"})
    return CorpusFingerprint(
        format=FORMAT_VERSION,
        source=None,
        tokenizer=tokenizer_fingerprint(nlp, settings, code_path=code_path),
        tokens=tokens if keys is None else {**tokens, "attr": "KEY"},  # also for a short form of keys
        max_vocab_size=max_vocab_size,
        keys=keys,
    )


def parts_by_fingerprint(
    source: TextSource, settings: TokensSettings, part_bytes: int = PART_BYTES
) -> list[tuple[str, TextSource]]:
    """Return the parts in which a source is encoded, with their fingerprints; none if it is encoded as a whole.

    Args:
        source: The source.
        settings: The block `[w2v.tokens]`.
        part_bytes: The size of a part.

    Raises:
        CorpusError: The source does not exist.
    """
    if settings.key_block is not None or settings.max_tokens is not None:
        return []
    parts = divided(source, part_bytes)
    if len(parts) < 2:
        return []
    found = [(part.source.fingerprint(), part.source) for part in parts]
    known = [(name, part) for name, part in found if name is not None]
    return known if len(known) == len(found) else []


def changed_parts(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:  # Any: JSON values
    """Return the `PARTS` that differ between two fingerprints.

    If the format differs, the parts "source" and "tokenizer" are not compared, because they were computed differently.

    Args:
        before: The first fingerprint, as JSON values.
        now: The second fingerprint, as JSON values.
    """
    parts = [part for part in PARTS if before.get(part) != now.get(part)]
    return [part for part in parts if "format" not in parts or part not in ("source", "tokenizer")]


def clauses_of(parts: Collection[str]) -> list[str]:
    """Return the clauses of some `PARTS` for messages, in order, in terms of Python or of the command line."""
    source = worded(python="the texts or the arguments of their reader have changed", command_line=PARTS["source"])
    return [source if part == "source" else clause for part, clause in PARTS.items() if part in parts]


def tokenizer_fingerprint(nlp: "Language", settings: TokensSettings, *, code_path: Path | None = None) -> str:
    """Return a hash of everything that determines the tokens of a text and their attributes.

    Args:
        nlp: The pipeline whose tokenizer makes the tokens.
        settings: The block `[w2v.tokens]`.
        code_path: A Python file with the user's registered functions.
    """
    import spacy

    tokenizer = nlp.tokenizer
    parts: list[Any] = [spacy.__version__, nlp.lang, settings.tokenizer]  # Any: only to be hashed
    if settings.tokenizer == "pipeline":
        parts += [type(tokenizer).__module__, type(tokenizer).__qualname__]
        parts.append(str(nlp.config["nlp"]["tokenizer"]))
        if not is_stock_tokenizer(tokenizer):  # its state may not determine all of its behaviour
            parts += [*code_of(tokenizer), code_path.read_bytes() if code_path is not None else None]
        parts += state_of(tokenizer)
        parts += [jieba] if (jieba := jieba_fingerprint(tokenizer)) else []
    if settings.attr == "NORM":
        parts.append(nlp.vocab.lookups.to_bytes())
    return sha256_of_text(repr(parts))
