"""`spacy w2v neighbors`, also called `most-similar`: the nearest neighbours of words, sums and differences."""

import json
import sys
from collections.abc import Iterator, Sequence
from itertools import chain, zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperCommand

from spacy_w2v._system.tables import aligned
from spacy_w2v.cli._app import (
    CODE_OPTION,
    KIND_OPTION,
    POSTPROCESS_OPTION,
    STRENGTH_OPTION,
    TRUST_OPTION,
    VECTORS_HELP,
    Opening,
    Postprocessings,
    VectorKinds,
    errors_for_users,
    w2v_cli,
)
from spacy_w2v.cli._messages import msg
from spacy_w2v.cli._queries import Query, parse_arguments, parse_line
from spacy_w2v.errors import ConfigError

if TYPE_CHECKING:
    from spacy_w2v.model._word_vectors import WordVectors

UNKNOWN = "(unknown)"

HYPHENS = "To subtract a word, put spaces around the sign: king - man. Put -- before words that begin with a hyphen."


class CommandOfWords(TyperCommand):
    """A command whose arguments are words, and which says how to write words that look like options."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # Any: the context class of typer's own click
        """Parse the arguments."""
        try:
            return super().parse_args(ctx, args)
        except Exception as error:
            if type(error).__name__ == "NoSuchOption":  # of click, or of the copy of it that typer does not export
                vars(error)["message"] += f". {HYPHENS}"
            raise


@w2v_cli.command("neighbors", cls=CommandOfWords)
def neighbors_command(
    source: str = typer.Argument(..., metavar="VECTORS", help=f"{VECTORS_HELP}. Several may follow"),
    words: list[str] = typer.Argument(
        None, help="Words to look up, or sums such as king - man + woman. Without words, a line of standard input each"
    ),
    others: list[str] = typer.Option(
        [], "--compare", help="Other vectors, whose neighbours are shown in further columns. Can be repeated"
    ),
    topn: int = typer.Option(10, "--topn", "-n", min=1, help="Number of neighbours to show for each word"),
    as_json: bool = typer.Option(False, "--json", help="Print a JSON object for each line instead of tables"),
    vector_kind: VectorKinds = KIND_OPTION,
    postprocess: Postprocessings = POSTPROCESS_OPTION,
    whitening_strength: float = STRENGTH_OPTION,
    code_path: Path = CODE_OPTION,
    trust_config: bool = TRUST_OPTION,
) -> None:
    """
    Show the nearest neighbours of words.

    Prints the words whose vectors are most similar to the vector of each given word, with their cosine similarities.

    Words are added and subtracted by + and - with spaces around them: spacy w2v neighbors vectors king - man + woman.
    A + or - within a word is part of it. Put -- before words that begin with a hyphen, and quotes around words with
    spaces, such as "New York". Of words that share a vector, one is shown.

    Arguments after the first one that are vectors too are compared: spacy w2v neighbors vectors other-vectors king. If
    a word has the name of vectors in this directory, name the vectors by --compare.
    """
    with errors_for_users():
        names, words = split_vectors(words or [])
        opening = Opening(vector_kind, postprocess, whitening_strength, code_path, trust_config)
        opened = opening.open(source, *([] if others else names), *others)
        words = words if not others else [*names, *words]
        lacks = False
        for query in queries_of(words, opened[0]):
            unknown = next((word for word in query.words if not has_vector(word, opened[0])), None)
            if unknown is not None and not from_standard_input(words):
                lacks = True
                msg_of_unknown(describe_unknown(unknown, opened[0]), to_errors=as_json)
                if not as_json:
                    continue
            (print_json if as_json else print_tables)(query, opened, topn=topn)
        if lacks:
            sys.exit(1)


w2v_cli.command("most-similar", cls=CommandOfWords, help="The same as `spacy w2v neighbors`, by gensim's name.")(
    neighbors_command
)


def split_vectors(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the leading arguments that are vectors, and the words after them.

    The last argument is a word, unless words come from standard input.
    """
    n_vectors = 0
    while n_vectors < len(words) - 1 and is_vectors(words[n_vectors]):
        n_vectors += 1
    if n_vectors == len(words) - 1 and not sys.stdin.isatty() and is_vectors(words[-1]):
        n_vectors += 1
    return list(words[:n_vectors]), list(words[n_vectors:])


def is_vectors(name: str) -> bool:
    """Return whether an argument is a path or the name of an installed pipeline, rather than a word."""
    from spacy_w2v.formats.sense2vec._layout import is_sense2vec

    path = Path(name)
    if path.is_dir():
        return any((path / file).exists() for file in ("meta.json", "model/meta.json")) or is_sense2vec(path)
    if path.is_file():
        return bool(path.suffix)
    from spacy.util import is_package

    return "_" in name and is_package(name)


def from_standard_input(words: Sequence[str]) -> bool:
    """Return whether queries are lines of standard input: if there are no arguments, or if they are "-"."""
    return not words or list(words) == ["-"]


def queries_of(words: Sequence[str], vectors: "WordVectors") -> Iterator[Query]:
    """Yield the queries of the arguments, or those of standard input.

    Args:
        words: The arguments.
        vectors: The first vectors, which may have words that look like sums.

    Raises:
        ConfigError: There are no words.
    """
    if not from_standard_input(words):
        yield from parse_arguments(words, vectors)
        return
    lines = [] if sys.stdin.isatty() else (line.strip() for line in sys.stdin)
    n_lines = 0
    for n_lines, line in enumerate(filter(None, lines), start=1):  # noqa: B007  # its last value counts
        yield parse_line(line, vectors)
    if not n_lines:
        raise ConfigError("neighbors needs words, but got none. Name some, or write them to standard input.")


def msg_of_unknown(text: str, *, to_errors: bool) -> None:
    """Print why a word has no neighbours: on standard error if standard output has JSON."""
    if to_errors:
        print(text, file=sys.stderr)  # noqa: T201  # the command's output
    else:
        msg.fail(text)


def describe_unknown(word: str, vectors: "WordVectors") -> str:
    """Return what to do about a word without a vector: near spellings with counts, and how words are added."""
    if word.lower() in vectors:
        return (
            f"A word must be in the vocabulary of {len(vectors):,} words, was: {word!r}. Its lower case is: "
            f"'{word.lower()}'."
        )
    near = [
        f"{other} ({vectors.counts[vectors.index[other]]:,}×)" if vectors.counts is not None else other
        for other in vectors.spelled_like(word)
    ]
    hint = f" Near spellings: {', '.join(near)}." if near else " No word is spelled like it."
    if {"+", "-"} & set(word[1:-1]):
        hint += " To add or subtract words, put spaces around + and -."
    return f"A word must be in the vocabulary of {len(vectors):,} words, was: {word!r}.{hint}"


def has_vector(word: str, vectors: "WordVectors") -> bool:
    """Return whether a word has a vector, of its own or composed of subwords."""
    return found_as(word, vectors) in vectors or vectors.composes(word)


def neighbours_of(query: Query, vectors: "WordVectors", *, topn: int) -> list[tuple[str, float]] | None:
    """Return the nearest neighbours of a query and their cosine similarities; None if a word has no vector."""
    if not all(has_vector(word, vectors) for word in query.words):
        return None
    positive, negative = ([found_as(word, vectors) for word in words] for words in (query.positive, query.negative))
    return vectors.most_similar(positive=positive, negative=negative, topn=topn)


def found_as(word: str, vectors: "WordVectors") -> str:
    """Return a word as vectors have it. A phrase is also found in other case, or with underscores: "New York".

    Where words have senses, it is the commonest sense of the word, "duck|NOUN" of "duck"; where they are lemmas, its
    lemma.

    Args:
        word: The word, or a phrase with spaces.
        vectors: The vectors.
    """
    from spacy_w2v.model._lookup import forms_of

    if (key := vectors.key_of_text(word)) is not None:
        return key
    forms = forms_of(word) if " " in word else ()
    return next((form for form in forms if form in vectors), word)


def describe_keys(query: Query, vectors: "WordVectors") -> str | None:
    """Return which keys the words of a query stand for, with their other senses; None if they are looked up as given.

    Args:
        query: The query.
        vectors: The vectors.
    """
    notes = []
    for word in dict.fromkeys(query.words):
        key = vectors.key_of_text(word)
        if key is None or key == word:
            continue
        others = [other for other in vectors.senses(word) if other != key]
        also = f" (and not as {', '.join(others)})" if others else ""
        notes.append(f"{word} is looked up as {key}{also}")
    return "; ".join(notes) or None


def print_tables(query: Query, opened: Sequence["WordVectors"], *, topn: int) -> None:
    """Print the neighbours of a query in a table, with two columns for each of the vectors."""
    nearest = []
    for vectors in opened:
        found = neighbours_of(query, vectors, topn=topn)
        nearest.append([(UNKNOWN, "")] if found is None else [(near, f"{value:.3f}") for near, value in found])
    rows = [tuple(chain(*cells)) for cells in zip_longest(*nearest, fillvalue=("", ""))]
    header = [tuple(chain(*((vectors.name, "") for vectors in opened)))] if len(opened) > 1 else []
    msg.divider(query.text)
    for vectors in opened:
        if (note := describe_keys(query, vectors)) is not None:
            msg.info(note if len(opened) == 1 else f"{vectors.name}: {note}")
    print("", *aligned([*header, *rows]), "", sep="\n")  # noqa: T201  # the command's output


def print_json(query: Query, opened: Sequence["WordVectors"], *, topn: int) -> None:
    """Print the neighbours of a query as a JSON object on one line. Vectors that lack a word have null."""
    found = [
        {"vectors": each.name, "neighbors": neighbours_of(query, each, topn=topn), **_keys_for_json(query, each)}
        for each in opened
    ]
    values = {"positive": query.positive, "negative": query.negative, "results": found}
    print(json.dumps(values, ensure_ascii=False), flush=True)  # noqa: T201  # the command's output


def _keys_for_json(query: Query, vectors: "WordVectors") -> dict[str, dict[str, str]]:
    """Return the entry "keys" of a result: the key that each word stands for, where words are keys."""
    keys = {word: key for word in query.words if (key := vectors.key_of_text(word)) is not None}
    return {"keys": keys} if keys else {}
