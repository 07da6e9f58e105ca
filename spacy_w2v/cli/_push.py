"""`spacy w2v push`: send vectors to the Hugging Face Hub."""

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from spacy_w2v.cli._app import VECTORS_HELP, errors_for_users, w2v_cli
from spacy_w2v.cli._messages import msg

if TYPE_CHECKING:
    from spacy_w2v.hub._names import Repository
    from spacy_w2v.model._word_vectors import WordVectors
    from spacy_w2v.reports._card import CardFacts
    from spacy_w2v.reports._repository import Folder


@w2v_cli.command("push")
def push_command(
    source: str = typer.Argument(..., metavar="VECTORS", help=VECTORS_HELP),
    repository: str = typer.Argument(..., metavar="USER/REPO", help="Repository. It is created if it is missing"),
    revision: str = typer.Option(None, "--revision", "-r", help="Branch to write to, which is created if missing"),
    private: bool = typer.Option(False, "--private", help="Make a new repository private"),
    message: str = typer.Option(None, "--message", "-m", help="Message of the commit"),
    license_: str = typer.Option(None, "--license", help="Licence of the vectors on the Hub, such as cc-by-sa-4.0"),
    tags: list[str] = typer.Option([], "--tag", help="Further tag of the model card. Can be repeated"),
    datasets: list[str] = typer.Option(
        [], "--dataset", help="Dataset on the Hub that the vectors were trained on. Can be repeated"
    ),
    scores_path: Path = typer.Option(
        None, "--scores", "-s", help="JSON file with scores, saved by `spacy w2v evaluate --output`"
    ),
    card: bool = typer.Option(True, "--card/--no-card", help="Write the model card, README.md, or keep the one there"),
    pipeline: bool = typer.Option(
        True, "--pipeline/--no-pipeline", help="Send the spaCy pipeline in the output of a run along"
    ),
    output_path: Path = typer.Option(
        None, "--output", "-o", help="Write what would be sent to this directory, and send nothing"
    ),
) -> None:
    """
    Push word vectors to the Hugging Face Hub.

    Sends the model with its vectors in the safetensors format, the spaCy pipeline of the same run, and a model card.
    Load them with spacy_w2v.load("hf:user/repo"). The token is that of `hf auth login` or HF_TOKEN.
    """
    from spacy_w2v._atomic import check_output
    from spacy_w2v.cli._report import read_scores
    from spacy_w2v.formats._opening import open_vectors
    from spacy_w2v.hub._names import parse_repository
    from spacy_w2v.hub._transfer import check_token
    from spacy_w2v.reports._card import CardFacts
    from spacy_w2v.reports._repository import CARD_FILE, pipeline_beside

    with errors_for_users(when_interrupted="Nothing was committed."):
        place = parse_repository(repository)
        place = place._replace(revision=revision or place.revision)
        if output_path:
            check_output(output_path, overwrite=None, marker_file=CARD_FILE)
        else:
            check_token()
        scores = read_scores(scores_path) if scores_path else None  # before vectors are read
        vectors = open_vectors(source)
        warn_of_lost_subwords(vectors)
        facts = CardFacts(
            place.name,
            license=license_ or None,
            tags=tags,
            datasets=datasets,
            scores=scores,
        )
        found = pipeline_beside(Path(source)) if pipeline else None
        if not output_path:
            push(vectors, place, facts, pipeline=found, card=card, private=private, message=message)
        else:
            write_folder(vectors, facts, output_path, pipeline=found, card=card)
        if card and not license_:
            msg.info("The model card names no licence. To add one, push again with --license, such as cc-by-sa-4.0.")


def warn_of_lost_subwords(vectors: "WordVectors") -> None:
    """Warn if vectors have subwords, but no model that is sent with them."""
    if vectors.model is None and vectors.words and vectors.trained_subwords is not None:
        msg.warn(
            f"Only the composed vectors of the words of {vectors.name} are sent, without its subwords. To send these "
            "too, push the model that it was exported from, or upload the file itself with `hf upload`."
        )


def push(
    vectors: "WordVectors",
    repository: "Repository",
    facts: "CardFacts",
    *,
    pipeline: Path | None,
    card: bool,
    private: bool,
    message: str | None,
) -> None:
    """Send vectors to a repository, and print what is sent and where it is."""
    from spacy_w2v.hub._transfer import endpoint, push_folder
    from spacy_w2v.reports._repository import OWN_FILES, default_message, fill_folder, temporary_folder

    with temporary_folder() as path:
        folder = fill_folder(path, vectors, facts, pipeline=pipeline, card=card)
        msg.info(f"Sending {_described(folder)} to {endpoint()}/{repository.name}")
        address = push_folder(
            folder.path,
            repository,
            private=private,
            message=message or default_message(vectors),
            replaces=OWN_FILES,
        )
    msg.good(f"Pushed the vectors: {address}")
    msg.text(
        f'Load them with: spacy_w2v.load("hf:{repository}")'
        if vectors.model is not None
        else f'Load them with: spacy_w2v.open_vectors("hf:{repository}")'
    )


def write_folder(
    vectors: "WordVectors", facts: "CardFacts", output_path: Path, *, pipeline: Path | None, card: bool
) -> None:
    """Write what would be sent to a new directory, and print its files."""
    from spacy_w2v._atomic import staged_directory
    from spacy_w2v.reports._repository import fill_folder

    with staged_directory(output_path, replaces=()) as directory:
        folder = fill_folder(directory, vectors, facts, pipeline=pipeline, card=card)
    msg.table([(name, _size(n_bytes)) for name, n_bytes in folder.sizes.items()], aligns=("l", "r"))
    msg.good(f"Wrote what would be sent to {output_path}: {_described(folder)}")


def _described(folder: "Folder") -> str:
    return f"{len(folder.sizes)} files ({_size(folder.n_bytes)})"


def _size(n_bytes: int) -> str:
    """Return a number of bytes for people."""
    for unit, factor in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if n_bytes >= factor:
            return f"{n_bytes / factor:.1f} {unit}"
    return f"{n_bytes} bytes"
