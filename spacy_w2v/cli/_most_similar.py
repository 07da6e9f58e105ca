"""`spacy w2v most-similar`: show the nearest neighbours of words."""

from itertools import chain, zip_longest
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from spacy_w2v.cli._app import (
    IMPORT_HELP,
    KIND_OPTION,
    POSTPROCESS_OPTION,
    STRENGTH_OPTION,
    VECTORS_HELP,
    Postprocessings,
    VectorKinds,
    errors_for_users,
    run_code,
    w2v_cli,
)
from spacy_w2v.cli._messages import msg
from spacy_w2v.cli._tables import aligned

if TYPE_CHECKING:
    from spacy_w2v.model._word_vectors import WordVectors


@w2v_cli.command("most-similar")
def most_similar_command(
    source: str = typer.Argument(..., metavar="VECTORS", help=VECTORS_HELP),
    words: list[str] = typer.Argument(..., help="Words to look up"),
    others: list[str] = typer.Option(
        [], "--compare", help="Other vectors, whose neighbours are shown in further columns. Can be repeated"
    ),
    topn: int = typer.Option(10, "--topn", "-n", min=1, help="Number of neighbours to show for each word"),
    vector_kind: VectorKinds = KIND_OPTION,
    postprocess: Postprocessings = POSTPROCESS_OPTION,
    whitening_strength: float = STRENGTH_OPTION,
    code_path: Path = typer.Option(None, "--code", "-c", help=IMPORT_HELP),
) -> None:
    """
    Show the nearest neighbours of words.

    Prints the words whose vectors are most similar to the vector of each given word, with their cosine similarities.
    """
    from spacy_w2v.formats._opening import open_vectors

    with errors_for_users():
        run_code(code_path)
        opened = [
            open_vectors(name)
            .of_kind(vector_kind.value)
            .postprocessed(postprocess.choice, whitening_strength=whitening_strength)
            for name in (source, *others)
        ]
        for word in words:
            opened[0].row(word)  # an unknown word is an error before any output
        for word in words:
            nearest = [neighbour_cells(each, word, topn=topn) for each in opened]
            rows = [tuple(chain(*cells)) for cells in zip_longest(*nearest, fillvalue=("", ""))]
            header = [tuple(chain(*((name, "") for name in (source, *others))))] if others else []
            msg.divider(word)
            print(f"\n{aligned([*header, *rows])}\n")  # noqa: T201  # the command's output


def neighbour_cells(vectors: "WordVectors", word: str, *, topn: int) -> list[tuple[str, str]]:
    """Return the nearest neighbours of a word and their cosine similarities, as rows of table cells."""
    if word not in vectors:
        return [("(unknown)", "")]
    nearest = vectors.most_similar(word, topn=topn)
    return [(near, f"{similarity:.3f}") for near, similarity in nearest]
