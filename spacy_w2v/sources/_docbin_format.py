"""The content of DocBin files of spaCy: unpacked without creating Docs, checked, and cut into small DocBins.

A DocBin is a message of msgpack, compressed by zlib. Neither can contain code. spaCy trusts the arrays in it, and
notices faults late or never. So everything that it relies on is checked here.
"""

import zlib
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from spacy_w2v._arrays import Offsets
from spacy_w2v.errors import CorpusError

TOKENS_PER_VALUE = 6_000
"""The tokens of a small DocBin, unless one Doc has more: some 32 kB of English."""

COMPRESSION = 1
"""The level of zlib for small DocBins, which live for seconds. Level 6, of spaCy, takes four times as long."""

VERSION = "0.1"

OF_STRINGS = ("ORTH", "LEMMA", "NORM", "TAG", "DEP", "MORPH", "ENT_TYPE", "ENT_KB_ID", "ENT_ID")
"""The attributes whose values are the ids of strings."""

EMPTY_SPANS = (b"", b"\x90")
"""What a Doc without groups of spans has, in old files and in new ones."""


class UnpackedDocs(NamedTuple):
    """The Docs of a DocBin. n = tokens, d = Docs, a = attributes."""

    attrs: list[int]
    """The numbers of the attributes in spaCy; the first one is ORTH: a."""
    tokens: NDArray[np.uint64]
    """The attributes of each token: n × a."""
    spaces: NDArray[np.bool_]
    """Whether a space follows each token: n."""
    lengths: Offsets
    """The number of tokens of each Doc: d."""
    strings: dict[int, str]
    """The strings that the tokens need, and maybe more, by their ids."""
    per_doc: dict[str, list[Any]]
    """What else DocBin stores for each Doc: "cats", "flags", "span_groups", and maybe "user_data"."""

    def values(self, *, tokens_per_value: int = TOKENS_PER_VALUE) -> Iterator[tuple[bytes, int]]:
        """Yield the bytes of small DocBins of consecutive Docs, each with the number of its Docs.

        Args:
            tokens_per_value: The number of tokens of a DocBin, which only a single long Doc exceeds.
        """
        ends = np.cumsum(self.lengths)
        first = 0
        while first < len(ends):
            start = int(ends[first] - self.lengths[first])
            end = max(first + 1, int(np.searchsorted(ends, start + tokens_per_value, side="right")))
            yield self._packed(first, end, tokens=slice(start, int(ends[end - 1]))), end - first
            first = end

    def one_by_one(self) -> Iterator[bytes]:
        """Yield the bytes of a DocBin for each Doc."""
        place = 0
        for number, length in enumerate(self.lengths.tolist()):
            yield self._packed(number, number + 1, tokens=slice(place, place + length))
            place += length

    def words(self) -> list[str]:
        """Return the text of each token."""
        from spacy.attrs import ORTH
        from spacy.symbols import NAMES

        orths = self.tokens[:, self.attrs.index(ORTH)].tolist()
        return [self.strings[orth] if orth in self.strings else NAMES[orth] for orth in orths]

    def first(self, n_docs: int) -> "UnpackedDocs":
        """Return the first Docs only."""
        n_tokens = int(self.lengths[:n_docs].sum())
        return self._replace(
            tokens=self.tokens[:n_tokens],
            spaces=self.spaces[:n_tokens],
            lengths=self.lengths[:n_docs],
            per_doc={name: values[:n_docs] for name, values in self.per_doc.items()},
        )

    def _packed(self, first: int, end: int, *, tokens: slice) -> bytes:
        """Return the bytes of the DocBin of some Docs, with the strings that they need.

        Args:
            first: The number of the first Doc.
            end: The number after that of the last Doc.
            tokens: Their tokens.
        """
        per_doc = {name: values[first:end] for name, values in self.per_doc.items()}
        strings = self.strings
        if all(group in EMPTY_SPANS for group in per_doc["span_groups"]):
            ids = np.unique(self.tokens[tokens][:, _columns_of(self.attrs, OF_STRINGS)])
            strings = {number: self.strings[number] for number in ids.tolist() if number in self.strings}
        # else: labels of spans are not among the attributes of tokens
        lengths = self.lengths[first:end]
        some = UnpackedDocs(self.attrs, self.tokens[tokens], self.spaces[tokens], lengths, strings, per_doc)
        return some.to_bytes(COMPRESSION)

    def to_bytes(self, compression: int = -1) -> bytes:
        """Return the bytes of a DocBin. They depend on the Docs alone, not on the order of their strings.

        Args:
            compression: The level of zlib. By default, that of spaCy.
        """
        from srsly import msgpack_dumps

        message = {
            "version": VERSION,
            "attrs": self.attrs,
            "tokens": self.tokens.tobytes(),
            "spaces": self.spaces.tobytes(),
            "lengths": self.lengths.astype(np.int32).tobytes(),
            "strings": sorted(self.strings.values()),
            **self.per_doc,
        }
        return zlib.compress(msgpack_dumps(message), compression)


def joined(parts: Sequence[UnpackedDocs]) -> UnpackedDocs:
    """Return the Docs of several DocBins with the same attributes, at least one, as those of one DocBin."""
    first = parts[0]
    return UnpackedDocs(
        first.attrs,
        np.concatenate([part.tokens for part in parts]),
        np.concatenate([part.spaces for part in parts]),
        np.concatenate([part.lengths for part in parts]),
        {number: string for part in parts for number, string in part.strings.items()},
        {name: [value for part in parts for value in part.per_doc[name]] for name in first.per_doc},
    )


def unpack_docbin(data: bytes, *, name: str) -> UnpackedDocs:
    """Return the Docs of a DocBin, after checking them.

    Args:
        data: The bytes of the DocBin.
        name: The name of the file, for errors.

    Raises:
        CorpusError: The bytes are not those of a DocBin, or are damaged.
    """
    from srsly.msgpack import unpackb

    try:
        message = unpackb(zlib.decompress(data), raw=False, use_list=True, strict_map_key=False)
    except Exception as error:  # zlib and msgpack have no common class
        raise CorpusError(f"{name} must be a DocBin file of spaCy, but is not: {error!r}") from None
    try:
        docs = _unpacked(message)
        _check_attributes(docs)
    except (_DamageError, TypeError, KeyError, AttributeError, ValueError, OverflowError) as error:
        reason = f"has no {error}" if isinstance(error, KeyError) else f"is damaged: {error}"
        raise CorpusError(
            f"{name} must contain Docs of spaCy, but {reason}. Write it again with DocBin.to_disk."
        ) from None
    return docs


class _DamageError(Exception):
    """What is wrong with the arrays of a DocBin."""


def _unpacked(message: Any) -> UnpackedDocs:  # Any: the content of a file
    """Return the arrays of a message. Raises many errors if it is damaged."""
    from spacy.strings import get_string_id

    if not isinstance(message, dict):
        raise _DamageError("it has no fields")
    attrs, strings = message["attrs"], message["strings"]
    _check_attrs(attrs)
    lengths = np.frombuffer(message["lengths"], np.int32).astype(np.int64)
    tokens = np.frombuffer(message["tokens"], np.uint64)
    spaces = np.frombuffer(message["spaces"], np.bool_)
    n_tokens = int(lengths.sum())
    if lengths.min(initial=0) < 0 or tokens.size != n_tokens * len(attrs) or spaces.size != n_tokens:
        raise _DamageError(
            f"its Docs have {n_tokens} tokens, but there are {tokens.size} attributes and {spaces.size} spaces"
        )
    if not isinstance(strings, list) or not all(isinstance(string, str) for string in strings):
        raise _DamageError("its strings are something else")
    per_doc = {"cats": message["cats"]}
    for field, default in (("flags", {}), ("span_groups", b"")):
        per_doc[field] = message.get(field, [default] * lengths.size)
    if "user_data" in message:
        per_doc["user_data"] = message["user_data"]
    for field, values in per_doc.items():
        if not isinstance(values, list) or len(values) != lengths.size:
            raise _DamageError(f"it has {lengths.size} Docs, but another number of {field}")
    return UnpackedDocs(
        attrs,
        tokens.reshape(n_tokens, len(attrs)),
        spaces,
        lengths,
        {get_string_id(string): string for string in strings},
        per_doc,
    )


def _check_attrs(attrs: Any) -> None:  # Any: the content of a file
    from spacy.attrs import IDS, ORTH

    known = set(IDS.values())
    if not isinstance(attrs, list) or not all(type(attr) is int and attr in known for attr in attrs):
        raise _DamageError(f"spaCy does not know all of its attributes: {attrs}")
    if len(set(attrs)) < len(attrs) or ORTH not in attrs:
        raise _DamageError(f"its attributes must be distinct and include ORTH ({ORTH}), but are: {attrs}")


def _columns_of(attrs: list[int], names: tuple[str, ...]) -> list[int]:
    """Return the columns of attributes, as far as there are such columns."""
    from spacy.attrs import IDS

    return [attrs.index(IDS[name]) for name in names if IDS[name] in attrs]


def _check_attributes(docs: UnpackedDocs) -> None:
    """Raise _DamageError if an attribute of a token has a value that spaCy could not use."""
    from spacy.attrs import IDS
    from spacy.parts_of_speech import NAMES as PARTS_OF_SPEECH
    from spacy.symbols import NAMES as SYMBOLS

    known = np.array([*docs.strings, *range(len(SYMBOLS))], np.uint64)
    allowed = dict.fromkeys(OF_STRINGS, known)
    allowed["ORTH"] = known[known != 0]  # no word is empty
    allowed["POS"] = np.array([*map(int, PARTS_OF_SPEECH)], np.uint64)
    allowed["ENT_IOB"] = np.arange(4, dtype=np.uint64)
    allowed["SENT_START"] = np.array([-1, 0, 1], np.int64).view(np.uint64)
    for name, values in allowed.items():
        for column in _columns_of(docs.attrs, (name,)):
            present = np.unique(docs.tokens[:, column])
            wrong = present[~np.isin(present, values)]
            if wrong.size:
                what = "has no string for" if name in OF_STRINGS else "has"
                raise _DamageError(f"it {what} the {name} {int(wrong[0])}")
    starts = np.cumsum(docs.lengths) - docs.lengths
    if IDS["HEAD"] in docs.attrs:
        _check_heads(docs, starts)
    if IDS["ENT_IOB"] in docs.attrs:
        _check_entities(docs, starts)


def _check_heads(docs: UnpackedDocs, starts: Offsets) -> None:
    """Raise _DamageError if a head is outside of its Doc, or if heads form a circle.

    Args:
        docs: The Docs.
        starts: The first token of each.
    """
    n_tokens = len(docs.tokens)
    (column,) = _columns_of(docs.attrs, ("HEAD",))
    relative = docs.tokens[:, column].astype(np.int64)  # a negative number wraps around, twice
    first = np.repeat(starts, docs.lengths)
    last = np.repeat(starts + docs.lengths - 1, docs.lengths)
    place = np.arange(n_tokens)
    outside = (relative < first - place) | (relative > last - place)
    if outside.any():
        raise _DamageError(f"the HEAD of {_token(docs, starts, place=int(np.argmax(outside)))} is outside of its Doc")
    heads = place + relative
    for _ in range(int(docs.lengths.max(initial=1)).bit_length()):  # the head of the head, and so on
        heads = heads[heads]
    circular = relative[heads] != 0
    if circular.any():
        raise _DamageError(
            f"the heads of {_token(docs, starts, place=int(np.argmax(circular)))} lead around in a circle"
        )


def _check_entities(docs: UnpackedDocs, starts: Offsets) -> None:
    """Raise _DamageError if an entity has no beginning; see `_check_heads` for the arguments."""
    (column,) = _columns_of(docs.attrs, ("ENT_IOB",))
    iob = docs.tokens[:, column]
    before = np.concatenate(([0], iob[:-1]))
    before[starts[docs.lengths > 0]] = 0
    inside = (iob == 1) & (before != 1) & (before != 3)
    if inside.any():
        raise _DamageError(f"{_token(docs, starts, place=int(np.argmax(inside)))} is inside of an entity without begin")


def _token(docs: UnpackedDocs, starts: Offsets, *, place: int) -> str:
    """Return the name of a token for messages: its number, and that of its Doc."""
    number = int(np.searchsorted(starts + docs.lengths, place, side="right"))
    return f"token {place - int(starts[number])} of Doc {number}"
