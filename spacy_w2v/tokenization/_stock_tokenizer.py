"""Tokenizes pieces as spaCy's stock tokenizer does, most of them without calling it.

The stock tokenizer treats each piece between white space by itself, but for special cases that meet over a space (see
corpus.special_cases). Where no special case acts, its regular expressions split all pieces of one outline alike (see
corpus.splits), so that only the first piece of an outline is given to them.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spacy_w2v._arrays import Offsets
from spacy_w2v.tokenization._affix_rules import affix_functions, expression_of
from spacy_w2v.tokenization._pretokens import ENDS_LIKE_START, HOLDS_SPECIAL, STARTS_LIKE_REST, LearnedPieces
from spacy_w2v.tokenization._special_cases import (
    BEGINS_ONE,
    IS_BEGINNING,
    IS_REST,
    MAY_BE_CHANGED,
    SpecialCases,
)
from spacy_w2v.tokenization._splits import MAX_OUTLINES, KnownSplits
from spacy_w2v.tokenization._string_table import StringTable, read_only
from spacy_w2v.tokenization._tokens import LEFT_OUT, LexemeKeys, TokenRules, TypeTable, attributes_of, lean_vocab

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokenizer import Tokenizer
    from spacy.tokens import Doc
    from spacy.vocab import Vocab

    from spacy_w2v.tokenization.kernels._strings import Slices

PIECES_PER_DOC = 10_000


class StockPieces:
    """Pieces as spaCy's stock tokenizer splits them."""

    def __init__(self, nlp: "Language", rules: TokenRules):
        self.types = TypeTable()
        self._nlp = nlp
        self._rules = rules
        self._keys = LexemeKeys(nlp.vocab, rules).keys
        self._start()
        self._splits = KnownSplits(map(expression_of, affix_functions(nlp.tokenizer).values()))
        self._special_cases = SpecialCases(nlp.tokenizer, self._plain, change_norms=rules.attr == "NORM")
        self._special_texts = StringTable(text for text in self._special_cases.texts if "\n" not in text)

    def _start(self) -> None:
        """Make tokenizers with a vocab of their own, which remembers all that they have seen, and forget tokens."""
        vocab = lean_vocab(self._nlp, self._rules.columns())
        self._tokenizer = _rebuilt(self._nlp.tokenizer, vocab, rules=self._nlp.tokenizer.rules)
        self._plain = _rebuilt(self._nlp.tokenizer, vocab, rules={})
        self._tokens = StringTable()  # those that no special case has made, so that their lexemes tell all about them
        self._numbers = np.zeros(0, np.int64)  # their types, or LEFT_OUT
        self._flags = np.zeros(0, np.uint8)  # see corpus.special_cases

    def learn(self, text: NDArray[np.uint8]) -> LearnedPieces:
        """Split pieces as the first of their outline is split; let spaCy tokenize those that special cases change."""
        from spacy_w2v.tokenization.kernels._signatures import list_runs

        slices, firsts = self._splits.tokens(text, split=self._split_plainly)
        tokens = self._rows_of_tokens(text, slices)
        numbers, flags = self._numbers[tokens], self._flags[tokens]

        n_tokens = np.diff(firsts)
        piece_of_token = np.repeat(np.arange(n_tokens.size), n_tokens)
        known = n_tokens > 0
        known[piece_of_token[flags & MAY_BE_CHANGED != 0]] = False
        runs, piece_of_run = list_runs(read_only(text), slices, firsts, flags & BEGINS_ONE != 0)
        known[piece_of_run[self._special_texts.find(text, runs) >= 0]] = False
        # No special case acts in a known piece: only its ends can act on its neighbours.
        risks = np.zeros(n_tokens.size, np.uint8)
        places = np.flatnonzero(known)
        risks[places[flags[firsts[places]] & IS_REST != 0]] |= STARTS_LIKE_REST
        risks[places[flags[firsts[places + 1] - 1] & IS_BEGINNING != 0]] |= ENDS_LIKE_START
        pieces = text.tobytes().decode().split("\n")[:-1]
        if self._special_cases.spaced_beginnings:
            risks[[piece.endswith(self._special_cases.spaced_beginnings) for piece in pieces]] |= (
                ENDS_LIKE_START | HOLDS_SPECIAL
            )

        chosen = np.flatnonzero(~known)
        types, lengths = self._tokenize([pieces[i] for i in chosen.tolist()], risks, chosen)
        kept = known[piece_of_token] & (numbers != LEFT_OUT)
        all_lengths = np.bincount(piece_of_token[kept], minlength=n_tokens.size)
        all_lengths[chosen] = lengths
        all_types = np.empty(all_lengths.sum(), np.uint32)
        is_known = np.repeat(known, all_lengths)
        all_types[is_known], all_types[~is_known] = numbers[kept], types
        return LearnedPieces(all_types, all_lengths, risks)

    def forget(self, kept_types: Offsets) -> None:
        """Forget other types, and the strings and lexemes of the tokenizers."""
        self.types.keep(kept_types)
        self._start()
        if len(self._splits) > MAX_OUTLINES:
            self._splits = KnownSplits(map(expression_of, affix_functions(self._nlp.tokenizer).values()))

    def _split_plainly(self, pieces: list[str]) -> Iterator[list[int]]:
        """Let spaCy split pieces without special cases, and yield the ends of their tokens."""
        for start in range(0, len(pieces), PIECES_PER_DOC):
            some = pieces[start : start + PIECES_PER_DOC]
            for _, ends in _tokens_by_piece(self._plain("\n".join(some)), some):
                yield ends

    def _rows_of_tokens(self, text: NDArray[np.uint8], slices: "Slices") -> NDArray[np.int32]:
        """Return the rows of tokens in the table, learning those that are new."""
        n_known = len(self._tokens)
        rows = self._tokens.rows(text, slices)
        new = self._tokens.strings_from(n_known)
        self._numbers = np.append(self._numbers, self.types.numbers_of_texts(new, self._keys(new)))
        self._flags = np.append(self._flags, np.array(list(map(self._special_cases.flags, new)), np.uint8))
        return rows

    def _tokenize(self, pieces: list[str], risks: NDArray[np.uint8], chosen: Offsets) -> tuple[list[int], list[int]]:
        """Let spaCy tokenize pieces, set their risks, and return all types and how many each piece has."""
        types: list[int] = []
        lengths: list[int] = []
        for start in range(0, len(pieces), PIECES_PER_DOC):
            some = pieces[start : start + PIECES_PER_DOC]
            doc = self._tokenizer("\n".join(some))
            attributes = attributes_of(doc, self._rules.columns())
            keys, kept = self._rules.keys(attributes)
            types += self.types.numbers_of_ids(attributes[kept, 0], keys[kept], doc.vocab).tolist()
            kept_before = np.concatenate(([0], np.cumsum(kept))).tolist()
            for piece, (first, ends) in zip(some, _tokens_by_piece(doc, some), strict=True):
                tokens = [piece[a:b] for a, b in pairwise([0, *ends])]
                risks[chosen[len(lengths)]] = self._special_cases.risk(piece, tokens)
                lengths.append(kept_before[first + len(ends)] - kept_before[first])
        return types, lengths


def _tokens_by_piece(doc: "Doc", pieces: Sequence[str]) -> Iterator[tuple[int, list[int]]]:
    """Yield the first token of each piece, and where its tokens end in it.

    The doc is of the pieces with a line break between, over which no special case matches.
    """
    orths, places = attributes_of(doc, ["ORTH", "IDX"]).T
    breaks = np.flatnonzero(orths == doc.vocab.strings["\n"]).tolist()
    starts = places.tolist()
    for piece, first, end in zip(pieces, [0, *(i + 1 for i in breaks)], [*breaks, len(doc)], strict=True):
        yield first, [*(start - starts[first] for start in starts[first + 1 : end]), len(piece)]


def _rebuilt(tokenizer: "Tokenizer", vocab: "Vocab", *, rules: dict[str, Any]) -> "Tokenizer":
    """Return a stock tokenizer with the same affix rules and with the special cases `rules`."""
    from spacy.tokenizer import Tokenizer

    return Tokenizer(
        vocab,
        rules=rules,
        prefix_search=tokenizer.prefix_search,
        suffix_search=tokenizer.suffix_search,
        infix_finditer=tokenizer.infix_finditer,
        token_match=tokenizer.token_match,
        url_match=tokenizer.url_match,
        faster_heuristics=tokenizer.faster_heuristics,
    )


def is_piecewise(tokenizer: Any) -> bool:
    """Return whether a tokenizer is spaCy's stock one, with no white space but single spaces in its special cases."""
    from spacy.tokenizer import Tokenizer

    return type(tokenizer) is Tokenizer and all(
        text.isspace() or text == " ".join(text.split()) for text in tokenizer.rules
    )
