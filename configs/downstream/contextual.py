"""The vectors of one word in several sentences: static ones, which are the same, and those of the layer tok2vec.

    python configs/downstream/contextual.py PIPELINE
    python configs/downstream/contextual.py PIPELINE --word bank "a first bank" "another bank" "and a third bank"

PIPELINE is a pipeline directory with static vectors and a component tok2vec, such as `spacy assemble` makes of
pretrained weights. Prints, as a Markdown table, the cosine of the word's vectors in each two sentences.
"""

import argparse
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path

import numpy as np
import spacy
from spacy.language import Language
from spacy.tokens import Doc, Token
from tables import markdown_table

SENTENCES = (
    "They sat on the bank of the river and watched the boats .",
    "The fishermen walked along the muddy bank of the stream .",
    "She borrowed money from the bank to pay for the house .",
    "The central bank lowered its interest rate again .",
)


def find_word(doc: Doc, word: str) -> Token:
    """Return the first token that is the word, or end the program."""
    if (token := next((token for token in doc if token.text == word), None)) is None:
        raise SystemExit(f"Each sentence must have the token {word!r}, but this one has not: {doc.text}")
    return token


def cosine(first: np.ndarray, second: np.ndarray) -> float:
    return float(first @ second / (np.linalg.norm(first) * np.linalg.norm(second)))


def table_of(nlp: Language, *, word: str, sentences: Sequence[str]) -> str:
    """Return the cosines for each pair of sentences, with the word's neighbours to tell them by."""
    tokens = [find_word(nlp(sentence), word) for sentence in sentences]
    excerpts = [token.doc[max(0, token.i - 4) : token.i + 5].text for token in tokens]
    header = ("", "", "static", "contextual")
    rows = (
        (
            excerpts[first],
            excerpts[second],
            f"{cosine(tokens[first].vector, tokens[second].vector):.3f}",
            f"{cosine(contextual(tokens[first]), contextual(tokens[second])):.3f}",
        )
        for first, second in combinations(range(len(tokens)), 2)
    )
    return markdown_table(header, rows)


def contextual(token: Token) -> np.ndarray:
    """Return the row of the token in what tok2vec made of its document, float32 of shape (width,)."""
    return np.asarray(token.doc.tensor[token.i])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pipeline", type=Path)
    parser.add_argument("sentences", nargs="*", default=SENTENCES)
    parser.add_argument("--word", default="bank")
    parser.add_argument("--output", type=Path, help="write the table there too")
    options = parser.parse_args()
    table = table_of(spacy.load(options.pipeline), word=options.word, sentences=options.sentences)
    if options.output is not None:
        options.output.write_text(table, encoding="utf-8")
    print(table)


if __name__ == "__main__":
    main()
