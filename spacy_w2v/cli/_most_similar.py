"""`spacy w2v most-similar`: the nearest words of some words, for a quick look."""

from itertools import chain, zip_longest
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from spacy_w2v.cli._app import VectorsOf, errors_for_users, w2v_cli
from spacy_w2v.cli._messages import msg
from spacy_w2v.cli._tables import aligned

if TYPE_CHECKING:
    from spacy_w2v._api import Word2Vec


@w2v_cli.command("most-similar")
def most_similar_command(
    model_path: Path = typer.Argument(..., help="Output directory of `spacy w2v train`, or the model in it"),
    words: list[str] = typer.Argument(..., help="Words to look up"),
    others: list[Path] = typer.Option([], "--compare", help="Another model, whose words stand beside"),
    topn: int = typer.Option(10, "--topn", "-n", min=1, help="How many words to show for each"),
    vectors: VectorsOf = typer.Option(VectorsOf.input, "--vectors", help="Which vectors: input, output or their mean"),
) -> None:
    """
    Show the words whose vectors are nearest to those of the given words, with their cosine similarities.
    """
    from spacy_w2v._api import load

    with errors_for_users():
        models = [load(path, mmap=True) for path in (model_path, *others)]
        for word in words:
            models[0].rank(word)  # all are known before any is shown
        for word in words:
            nearest = [nearest_rows(model, word, topn=topn, vectors=vectors) for model in models]
            rows = [tuple(chain(*cells)) for cells in zip_longest(*nearest, fillvalue=("", ""))]
            header = [tuple(chain(*((str(path), "") for path in (model_path, *others))))] if others else []
            msg.divider(word)
            print(f"\n{aligned([*header, *rows])}\n")  # noqa: T201  # the output that was asked for


def nearest_rows(model: "Word2Vec", word: str, *, topn: int, vectors: VectorsOf) -> list[tuple[str, str]]:
    """Return the words nearest to a word, with their similarities, as cells of a table."""
    if word not in model:
        return [("(unknown)", "")]
    nearest = model.most_similar(word, topn=topn, vectors=vectors.value)
    return [(near, f"{similarity:.3f}") for near, similarity in nearest]
