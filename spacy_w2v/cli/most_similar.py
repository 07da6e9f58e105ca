"""`spacy w2v most-similar`: the nearest words of some words, for a quick look."""

from pathlib import Path

import typer
from wasabi import msg

from spacy_w2v.cli._app import VectorsOf, errors_for_users, w2v_cli
from spacy_w2v.cli.tables import aligned


@w2v_cli.command("most-similar")
def most_similar_command(
    model_path: Path = typer.Argument(..., help="Output directory of `spacy w2v train`, or the model in it"),
    words: list[str] = typer.Argument(..., help="Words to look up"),
    topn: int = typer.Option(10, "--topn", "-n", min=1, help="How many words to show for each"),
    vectors: VectorsOf = typer.Option(VectorsOf.input, "--vectors", help="Which vectors: input, output or their mean"),
) -> None:
    """
    Show the words whose vectors are nearest to those of the given words, with their cosine similarities.
    """
    from spacy_w2v.api import load

    with errors_for_users():
        model = load(model_path, mmap=True)
        for word in words:
            model.rank(word)  # all are known before any is shown
        for word in words:
            nearest = model.most_similar(word, topn=topn, vectors=vectors.value)
            msg.divider(word)
            rows = [(near, f"{similarity:.3f}") for near, similarity in nearest]
            print(f"\n{aligned(rows)}\n")  # noqa: T201  # the output that was asked for
