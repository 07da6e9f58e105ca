"""Compare static and contextual vectors of a word in several sentences.

    python configs/downstream/contextual.py PIPELINE
    python configs/downstream/contextual.py PIPELINE --word bank "a first bank" "another bank" "and a third bank"

PIPELINE is a pipeline with static vectors and a component tok2vec, such as `spacy assemble` creates from pretrained
weights. For each pair of sentences, the cosine similarity of the word's vectors is printed in a Markdown table. Static
vectors of the same word are always equal. The vectors of the tok2vec layer depend on the sentence.
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
    """Return the first token that is the word. If there is none, exit with an error."""
    if (token := next((token for token in doc if token.text == word), None)) is None:
        raise SystemExit(f"Each sentence must contain the token {word!r}, but this one does not: {doc.text}")
    return token


def cosine(first: np.ndarray, second: np.ndarray) -> float:
    return float(first @ second / (np.linalg.norm(first) * np.linalg.norm(second)))


def table_of(nlp: Language, *, word: str, sentences: Sequence[str]) -> str:
    """Return a table of the cosine similarities for each pair of sentences, with excerpts around the word."""
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
    """Return the vector of a token in the output of tok2vec, float32 of shape (width,)."""
    return np.asarray(token.doc.tensor[token.i])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pipeline", type=Path, help="pipeline with static vectors and tok2vec")
    parser.add_argument("sentences", nargs="*", default=SENTENCES, help="sentences with the word")
    parser.add_argument("--word", default="bank", help="default: bank")
    parser.add_argument("--output", type=Path, help="Markdown file for the table")
    options = parser.parse_args()
    table = table_of(spacy.load(options.pipeline), word=options.word, sentences=options.sentences)
    if options.output is not None:
        options.output.write_text(table, encoding="utf-8")
    print(table)


if __name__ == "__main__":
    main()
