"""The effect of the special cases of spaCy's stock tokenizer, within a pre-token and across spaces.

The tokenizer looks up special cases, such as emoticons, each time it has split off an affix. It also searches the
finished Doc for them, across single spaces. This search finds special cases that contain a space. Other special cases
can also match across a space. Such a match does not change tokens itself, but it can suppress a shorter match in a
pre-token that it overlaps. These pre-tokens must be tokenized together.
"""

from collections import defaultdict
from typing import TYPE_CHECKING

from spacy_w2v.tokenization._pretokens import ENDS_LIKE_START, HOLDS_SPECIAL, STARTS_LIKE_REST

if TYPE_CHECKING:
    from spacy.tokenizer import Tokenizer


# Flags of a token.
MAY_BE_CHANGED = 1  # there is a special case with its text that changes its tokens
BEGINS_ONE = 2  # the text of a longer special case begins with it
IS_BEGINNING = 4  # it is a token of a special case with several tokens, but not the last one
IS_REST = 8  # it is a token of a special case with several tokens, but not the first one


class SpecialCases:
    """The special cases of a tokenizer."""

    def __init__(self, tokenizer: "Tokenizer", plain: "Tokenizer", *, change_norms: bool):
        """Determine the tokens that special cases can change.

        Args:
            tokenizer: The tokenizer.
            plain: The same tokenizer without special cases.
            change_norms: Whether a different norm counts as a change.
        """
        self.texts = frozenset(tokenizer.rules)
        changing = _changing(tokenizer, change_norms=change_norms)
        patterns = _searched_patterns(tokenizer, plain)
        long_patterns = [tokens for tokens in patterns.values() if len(tokens) > 1]
        self.spaced_beginnings = tuple({part for text in patterns for part in text.split(" ")[:-1]})
        """The parts of special cases before a space."""
        self._hidden: dict[str, tuple[str, ...]] = {}  # special cases that a longer match can hide, by first character
        hidden_patterns = []
        for text, tokens in patterns.items() if long_patterns else ():
            if tokens != [text] or text in changing:  # otherwise the special case does not change tokens
                self._hidden[text[0]] = (*self._hidden.get(text[0], ()), text)
                hidden_patterns.append(tokens)
        self._crowded = _crowded(tokenizer, hidden_patterns)
        self._flags: defaultdict[str, int] = defaultdict(int)
        for flag, tokens_with_it in (
            (MAY_BE_CHANGED, changing),
            (BEGINS_ONE, {text[:end] for text in self.texts for end in range(1, len(text))}),
            (IS_BEGINNING, {token for tokens in long_patterns for token in tokens[:-1]}),
            (IS_REST, {token for tokens in long_patterns for token in tokens[1:]}),
        ):
            for token in tokens_with_it:
                self._flags[token] |= flag

    def flags(self, token: str) -> int:
        """Return the flags of a token."""
        return self._flags.get(token, 0)

    def risk(self, pretoken: str, tokens: list[str]) -> int:
        """Return the flags of `_pretokens` for a pre-token whose tokens special cases may have changed."""
        risk = 0
        if self._flags.get(tokens[0], 0) & IS_REST:
            risk |= STARTS_LIKE_REST
        if self._flags.get(tokens[-1], 0) & IS_BEGINNING:
            risk |= ENDS_LIKE_START
        if len(tokens) > 1 and (
            pretoken in self._crowded or (pretoken not in self.texts and self._hides(pretoken, tokens))
        ):
            # Within a match, the tokens that were searched are unknown. So assume the worst for both ends.
            risk = STARTS_LIKE_REST | ENDS_LIKE_START | HOLDS_SPECIAL
        if self.spaced_beginnings and pretoken.endswith(self.spaced_beginnings):
            risk |= ENDS_LIKE_START | HOLDS_SPECIAL
        return risk

    def _hides(self, pretoken: str, tokens: list[str]) -> bool:
        """Return whether a special case that a longer match can hide begins at a token of a pre-token."""
        start = 0
        for token in tokens:
            if token[0] in self._hidden and pretoken.startswith(self._hidden[token[0]], start):
                return True
            start += len(token)
        return False


def _changing(tokenizer: "Tokenizer", *, change_norms: bool) -> frozenset[str]:
    """Return the texts of special cases with several tokens, or with another norm."""
    from spacy.attrs import NORM, intify_attrs

    return frozenset(
        text
        for text, specs in tokenizer.rules.items()
        if len(specs) > 1 or (change_norms and NORM in intify_attrs(specs[0]))
    )


def _searched_patterns(tokenizer: "Tokenizer", plain: "Tokenizer") -> dict[str, list[str]]:
    """Return the special cases that are searched for in finished Docs, as the tokens of each text.

    These are the special cases that contain a space, or that affix rules would split (`add_special_case` in
    spacy/tokenizer.pyx).
    """
    searched = (
        text
        for text in tokenizer.rules
        if not tokenizer.faster_heuristics
        or " " in text
        or tokenizer.find_prefix(text)
        or tokenizer.find_suffix(text)
        or tokenizer.find_infix(text)
    )
    return {text: [token.text for token in plain(text)] for text in searched if not text.isspace()}


def _crowded(tokenizer: "Tokenizer", patterns: list[list[str]]) -> set[str]:
    """Return the texts of special cases whose own tokens contain another special case."""
    from spacy.attrs import ORTH, intify_attrs

    sequences = {tuple(tokens) for tokens in patterns}
    lengths = {len(tokens) for tokens in sequences}
    crowded = set()
    for text, specs in tokenizer.rules.items():
        tokens = tuple(intify_attrs(spec)[ORTH] for spec in specs)
        runs = (tokens[i : i + n] for n in lengths if n < len(tokens) for i in range(len(tokens) - n + 1))
        if any(run in sequences for run in runs):
            crowded.add(text)
    return crowded
