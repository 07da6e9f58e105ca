"""A word-level tokenizer in the format of the library tokenizers, which splits texts much as spaCy does.

It lower-cases the text if the words are lower-case, splits at white space, and then as the pattern of `split_pattern`
says. Words of the vocabulary that the pattern would split, such as "u.s.", are found before, where no letter or digit
touches them. Rules of spaCy that depend on more, such as its exceptions without an entry in the vocabulary, have no
counterpart.
"""

import re
from collections.abc import Iterable, Iterator, Sequence

UNKNOWN = "[UNK]"
"""The token of words without a vector."""

MAX_CLITICS = 200
"""The most clitics of one kind that the pattern has, the most frequent ones."""

WORD, LETTER = r"[\p{L}\p{M}\p{N}_]", r"[\p{L}\p{M}]"
NUMBER = rf"\p{{N}}+(?:[.,:/]\p{{N}}+)+{WORD}*"
OTHERS = (NUMBER, rf"{WORD}+", r"\.{2,}", r"-{2,}", r"[^\s]")
"""The rest of the pattern: numbers such as 1,000 and 10:30, words, ellipses, dashes, and single characters."""

KEPT_WHOLE = re.compile(r"\w+|\d+(?:[.,:/]\d+)+\w*|\.{2,}|-{2,}|.", re.DOTALL)
"""What the pattern does not split, as far as Python's expressions tell."""

ENCLITIC, PROCLITIC, NEGATION = (re.compile(f"{form}") for form in ("['’]\\w{1,3}", "[^\\W\\d_]+['’]", "n['’]t"))
"""Words such as 's and 're, as l' and qu', and as n't, which are split from a word without a space."""


def word_level_tokenizer(words: Sequence[str], *, lower: bool) -> dict[str, object]:
    """Return the content of a tokenizer.json. Ids are the places of the words; that of `unknown_token` is the next.

    Args:
        words: The words, all different.
        lower: Whether texts are lower-cased.
    """
    unknown = unknown_token(words)
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": list(_added_tokens(words)),
        "normalizer": {"type": "Lowercase"} if lower else None,
        "pre_tokenizer": {
            "type": "Sequence",
            "pretokenizers": [
                {"type": "WhitespaceSplit"},
                {
                    "type": "Split",
                    "pattern": {"Regex": split_pattern(words)},
                    "behavior": "Isolated",
                    "invert": False,
                },
            ],
        },
        "post_processor": None,
        "decoder": None,
        "model": {
            "type": "WordLevel",
            "vocab": {word: place for place, word in enumerate([*words, unknown])},
            "unk_token": unknown,
        },
    }


def unknown_token(words: Iterable[str]) -> str:
    """Return the token of words without a vector: [UNK], or with further brackets if that is a word."""
    known, token = set(words), UNKNOWN
    while token in known:
        token = f"[{token}]"
    return token


def split_pattern(words: Sequence[str]) -> str:
    """Return the expression, of Oniguruma, that each token of a text matches.

    Clitics that are words of the vocabulary are split off, as spaCy does in their languages: do|n't, it|'s, l'|eau.

    Args:
        words: The words, the most frequent first.
    """
    negation = any(NEGATION.fullmatch(word) for word in words)
    before, after = ([word for word in words if kind.fullmatch(word)][:MAX_CLITICS] for kind in (PROCLITIC, ENCLITIC))
    clitics = []
    if negation:
        clitics += [rf"{LETTER}+?(?=n['’]t(?!{WORD}))", rf"n['’]t(?!{WORD})"]
    if after:
        clitics.append(rf"(?:{_any_of(after)})(?!{WORD})")
    if before:
        clitics.append(rf"(?<!{WORD})(?:{_any_of(before)})(?={LETTER})")
    return "|".join([*clitics, *OTHERS])


def _any_of(words: Iterable[str]) -> str:
    return "|".join(sorted(words, key=len, reverse=True))


def _added_tokens(words: Sequence[str]) -> Iterator[dict[str, object]]:
    """Yield the words that the pattern would split. They are found where no letter or digit touches them."""
    for place, word in enumerate(words):
        if word.strip() and not KEPT_WHOLE.fullmatch(word) and not _is_clitic(word):
            yield {
                "id": place,
                "content": word,
                "single_word": True,
                "lstrip": False,
                "rstrip": False,
                "normalized": True,
                "special": False,
            }


def _is_clitic(word: str) -> bool:
    return any(kind.fullmatch(word) for kind in (ENCLITIC, PROCLITIC, NEGATION))
