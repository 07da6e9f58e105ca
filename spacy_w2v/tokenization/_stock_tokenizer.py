"""Tokenizes pre-tokens exactly as spaCy's stock tokenizer, most of them without calling it.

The stock tokenizer handles each pre-token separately, except for special cases that match across a space (see
_special_cases). If no special case matches, its regular expressions split all pre-tokens with the same signature at the
same places (see _splits). So only the first pre-token of each signature is passed to spaCy.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spacy_w2v._arrays import Offsets
from spacy_w2v.tokenization._affix_rules import affix_functions, expression_of
from spacy_w2v.tokenization._pretokens import ENDS_LIKE_START, HOLDS_SPECIAL, STARTS_LIKE_REST, TokenizedPretokens
from spacy_w2v.tokenization._special_cases import (
    BEGINS_ONE,
    IS_BEGINNING,
    IS_REST,
    MAY_BE_CHANGED,
    SpecialCases,
)
from spacy_w2v.tokenization._splits import MAX_SIGNATURES, SplitCache
from spacy_w2v.tokenization._string_table import StringTable, read_only
from spacy_w2v.tokenization._tokens import DROPPED, LexemeKeys, TokenRules, TypeTable, attributes_of, minimal_vocab

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokenizer import Tokenizer
    from spacy.tokens import Doc
    from spacy.vocab import Vocab

    from spacy_w2v.tokenization.kernels._strings import Slices

PRETOKENS_PER_DOC = 10_000


class StockTokenizer:
    """Tokenizes pre-tokens exactly as spaCy's stock tokenizer; see `PretokenTokenizer`."""

    def __init__(self, nlp: "Language", rules: TokenRules):
        self.types = TypeTable()
        self._nlp = nlp
        self._rules = rules
        self._keys = LexemeKeys(nlp.vocab, rules).keys
        self._start()
        self._splits = SplitCache(map(expression_of, affix_functions(nlp.tokenizer).values()))
        self._special_cases = SpecialCases(nlp.tokenizer, self._plain, change_norms=rules.attr == "NORM")
        self._special_texts = StringTable(text for text in self._special_cases.texts if "\n" not in text)

    def _start(self) -> None:
        """Create tokenizers with a new vocab, and empty tables. The vocab grows with each distinct token."""
        vocab = minimal_vocab(self._nlp, self._rules.columns())
        self._tokenizer = _rebuilt(self._nlp.tokenizer, vocab, rules=self._nlp.tokenizer.rules)
        self._plain = _rebuilt(self._nlp.tokenizer, vocab, rules={})
        self._tokens = StringTable()  # tokens that no special case created
        self._numbers = np.zeros(0, np.int64)  # the number of each token's type, or DROPPED
        self._flags = np.zeros(0, np.uint8)  # the flags of each token; see _special_cases

    def tokenize(self, text: NDArray[np.uint8]) -> TokenizedPretokens:
        """Tokenize pre-tokens with the cached splits. Pre-tokens that special cases may change are passed to spaCy."""
        from spacy_w2v.tokenization.kernels._signatures import list_runs

        slices, firsts = self._splits.tokens(text, split=self._split_plainly)
        tokens = self._rows_of_tokens(text, slices)
        numbers, flags = self._numbers[tokens], self._flags[tokens]

        n_tokens = np.diff(firsts)
        pretoken_of_token = np.repeat(np.arange(n_tokens.size), n_tokens)
        known = n_tokens > 0
        known[pretoken_of_token[flags & MAY_BE_CHANGED != 0]] = False
        runs, pretoken_of_run = list_runs(read_only(text), slices, firsts, flags & BEGINS_ONE != 0)
        known[pretoken_of_run[self._special_texts.find(text, runs) >= 0]] = False
        # No special case changes a known pre-token. Only its ends can interact with its neighbours.
        risks = np.zeros(n_tokens.size, np.uint8)
        places = np.flatnonzero(known)
        risks[places[flags[firsts[places]] & IS_REST != 0]] |= STARTS_LIKE_REST
        risks[places[flags[firsts[places + 1] - 1] & IS_BEGINNING != 0]] |= ENDS_LIKE_START
        pretokens = text.tobytes().decode().split("\n")[:-1]
        if self._special_cases.spaced_beginnings:
            risks[[pretoken.endswith(self._special_cases.spaced_beginnings) for pretoken in pretokens]] |= (
                ENDS_LIKE_START | HOLDS_SPECIAL
            )

        unknown = np.flatnonzero(~known)
        types, lengths = self._tokenize_by_spacy([pretokens[i] for i in unknown.tolist()], risks, unknown)
        kept = known[pretoken_of_token] & (numbers != DROPPED)
        all_lengths = np.bincount(pretoken_of_token[kept], minlength=n_tokens.size)
        all_lengths[unknown] = lengths
        all_types = np.empty(all_lengths.sum(), np.uint32)
        is_known = np.repeat(known, all_lengths)
        all_types[is_known], all_types[~is_known] = numbers[kept], types
        return TokenizedPretokens(all_types, all_lengths, risks)

    def evict(self, kept_types: Offsets) -> None:
        """Free all types except these, and the strings and lexemes of the tokenizers; see `PretokenTokenizer`."""
        self.types.keep(kept_types)
        self._start()
        if len(self._splits) > MAX_SIGNATURES:
            self._splits = SplitCache(map(expression_of, affix_functions(self._nlp.tokenizer).values()))

    def _split_plainly(self, pretokens: list[str]) -> Iterator[list[int]]:
        """Yield the ends of the tokens of each pre-token, from spaCy without special cases."""
        for start in range(0, len(pretokens), PRETOKENS_PER_DOC):
            group = pretokens[start : start + PRETOKENS_PER_DOC]
            for _, ends in _tokens_by_pretoken(self._plain("\n".join(group)), group):
                yield ends

    def _rows_of_tokens(self, text: NDArray[np.uint8], slices: "Slices") -> NDArray[np.int32]:
        """Return the rows of tokens in the table, after adding new tokens with their types and flags."""
        n_known = len(self._tokens)
        rows = self._tokens.rows(text, slices)
        new = self._tokens.strings_from(n_known)
        self._numbers = np.append(self._numbers, self.types.numbers_of_texts(new, self._keys(new)))
        self._flags = np.append(self._flags, np.array(list(map(self._special_cases.flags, new)), np.uint8))
        return rows

    def _tokenize_by_spacy(
        self, pretokens: list[str], risks: NDArray[np.uint8], indices: Offsets
    ) -> tuple[list[int], list[int]]:
        """Tokenize pre-tokens with spaCy.

        Args:
            pretokens: The pre-tokens.
            risks: The output for the risks of all pre-tokens of the batch.
            indices: The index of each pre-token in `risks`.

        Returns:
            The types of all tokens, and the number of tokens of each pre-token.
        """
        types: list[int] = []
        lengths: list[int] = []
        for start in range(0, len(pretokens), PRETOKENS_PER_DOC):
            group = pretokens[start : start + PRETOKENS_PER_DOC]
            doc = self._tokenizer("\n".join(group))
            attributes = attributes_of(doc, self._rules.columns())
            keys, kept = self._rules.keys(attributes)
            types += self.types.numbers_of_ids(attributes[kept, 0], keys[kept], doc.vocab).tolist()
            kept_before = np.concatenate(([0], np.cumsum(kept))).tolist()
            for pretoken, (first, ends) in zip(group, _tokens_by_pretoken(doc, group), strict=True):
                tokens = [pretoken[a:b] for a, b in pairwise([0, *ends])]
                risks[indices[len(lengths)]] = self._special_cases.risk(pretoken, tokens)
                lengths.append(kept_before[first + len(ends)] - kept_before[first])
        return types, lengths


def _tokens_by_pretoken(doc: "Doc", pretokens: Sequence[str]) -> Iterator[tuple[int, list[int]]]:
    """Yield for each pre-token the index of its first token in a Doc, and the ends of its tokens in the pre-token.

    Args:
        doc: The pre-tokens, separated by line breaks. No special case matches across a line break.
        pretokens: The pre-tokens.
    """
    orths, places = attributes_of(doc, ["ORTH", "IDX"]).T
    breaks = np.flatnonzero(orths == doc.vocab.strings["\n"]).tolist()
    starts = places.tolist()
    for pretoken, first, end in zip(pretokens, [0, *(i + 1 for i in breaks)], [*breaks, len(doc)], strict=True):
        yield first, [*(start - starts[first] for start in starts[first + 1 : end]), len(pretoken)]


def _rebuilt(tokenizer: "Tokenizer", vocab: "Vocab", *, rules: dict[str, Any]) -> "Tokenizer":
    """Return a stock tokenizer with the affix rules of another one.

    Args:
        tokenizer: The other tokenizer.
        vocab: The vocab of the new tokenizer.
        rules: The special cases of the new tokenizer.
    """
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


def is_stock_tokenizer(tokenizer: Any) -> bool:
    """Return whether `StockTokenizer` can replace a tokenizer.

    It can replace spaCy's stock tokenizer if the special cases contain no white space except single spaces.
    """
    from spacy.tokenizer import Tokenizer

    return type(tokenizer) is Tokenizer and all(
        text.isspace() or text == " ".join(text.split()) for text in tokenizer.rules
    )
