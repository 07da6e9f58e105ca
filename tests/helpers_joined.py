"""Texts with phrases, settings that find them, and a slow reference for the corpus in which they are joined."""

import random
from pathlib import Path

PHRASE_BLOCK = {"scoring": "default", "threshold": 1.5, "min_count": 5, "connector_words": "english", "passes": 2}
"""Finds exactly PHRASES in the texts of `phrase_lines`."""

FORMS = [
    ("New", "York"),
    ("new", "york"),
    ("NEW", "YORK"),
    ("New", "York", "Times"),
    ("San", "Francisco"),
    ("Bank", "of", "England"),
    ("bank", "of", "England"),
    ("new",),
    ("York",),
    ("bank",),
]
PHRASES = {"new york", "new york times", "san francisco", "bank of england"}


def phrase_lines(n_lines: int = 1200, *, seed: int = 0, n_others: int = 400) -> list[str]:
    """Return lines of six random words, with one of FORMS somewhere among them."""
    chooser = random.Random(seed)
    others = [f"{'Vw'[chooser.random() < 0.5]}{number}" for number in range(n_others)]
    lines = []
    for _ in range(n_lines):
        words = chooser.choices(others, k=6)
        place = chooser.randrange(7)
        lines.append(" ".join((*words[:place], *chooser.choice(FORMS), *words[place:])))
    return lines


def write_phrase_lines(path: Path, **options: int) -> list[str]:
    """Write the lines of `phrase_lines` to a file, and return them."""
    lines = phrase_lines(**options)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return lines


def joined_tokens(sentence, table):
    """Return the text and key of each token of a sentence after its phrases are joined, by `PhraseTable.join`.

    sentence: the text and key of each token; None for those of dropped types.
    """
    keys = [f"\0{place}" if token is None else token[1] for place, token in enumerate(sentence)]
    joined, place = [], 0
    for key in table.join(keys, "\n"):
        tokens = sentence[place : place + key.count("\n") + 1]
        place += len(tokens)
        joined.append(None if tokens == [None] else tuple(" ".join(part) for part in zip(*tokens, strict=True)))
    return joined
