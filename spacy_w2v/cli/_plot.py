"""`spacy w2v plot …`: pictures of word vectors, as HTML, PNG, SVG, PDF or JSON."""

from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from spacy_w2v._system.paths import short_names
from spacy_w2v._system.tables import aligned
from spacy_w2v.cli._app import (
    CODE_OPTION,
    KIND_OPTION,
    POSTPROCESS_OPTION,
    STRENGTH_OPTION,
    TRUST_OPTION,
    VECTORS_HELP,
    MapMethods,
    Opening,
    Postprocessings,
    VectorKinds,
    errors_for_users,
    w2v_cli,
)
from spacy_w2v.cli._messages import msg
from spacy_w2v.errors import ConfigError

if TYPE_CHECKING:
    import altair

    from spacy_w2v.model._word_vectors import WordVectors
    from spacy_w2v.plots._map_points import MapPoints
    from spacy_w2v.plots._movement import Movements

plot_cli = typer.Typer(
    name="plot",
    help="Plot word vectors: a map, their spectrum, similarities, words that have moved, training curves.",
    short_help="Plot word vectors: maps, spectra, similarities, movements.",
    no_args_is_help=True,
)
w2v_cli.add_typer(plot_cli)


class Themes(str, Enum):
    """The choices of --theme, as in `spacy_w2v.plots._saving.ThemeChoice`."""

    auto = "auto"
    light = "light"
    dark = "dark"


class Colors(str, Enum):
    """The choices of --color."""

    frequency = "frequency"
    clusters = "clusters"


OUTPUT_HELP = "Output file, whose suffix is .html, .png, .svg, .pdf or .json. Can be repeated"
TABLE_SUFFIX = ".parquet"
THEME_OPTION = typer.Option(
    Themes.auto,
    "--theme",
    help="Colours: light or dark. By default, HTML has those of the reader's system, and other files are light (auto)",
)
TITLE_OPTION = typer.Option(None, "--title", help="Title of the chart. By default, the name of the vectors")


@plot_cli.command("map")
def map_command(
    source: str = typer.Argument(..., metavar="VECTORS", help=VECTORS_HELP),
    outputs: list[Path] = typer.Option(
        [Path("map.html")], "--output", "-o", help=f"{OUTPUT_HELP}. With {TABLE_SUFFIX}, a table of the map"
    ),
    n_words: int = typer.Option(5_000, "--n-words", "-n", min=1, help="Number of words, the most frequent ones"),
    method: MapMethods = typer.Option(
        MapMethods.pca, "--method", help="How words are placed: principal components, or t-SNE by openTSNE"
    ),
    color: Colors = typer.Option(
        Colors.frequency, "--color", help="What colours show: the frequency of words, or clusters by k-means"
    ),
    n_clusters: int = typer.Option(8, "--n-clusters", min=2, max=8, help="Number of clusters"),
    groups_path: Path = typer.Option(
        None, "--groups", "-g", help="File of words and their groups, separated by a tab, which colours show instead"
    ),
    title: str = TITLE_OPTION,
    theme: Themes = THEME_OPTION,
    seed: int = typer.Option(0, "--seed", min=0, help="Seed of t-SNE and clusters"),
    vector_kind: VectorKinds = KIND_OPTION,
    postprocess: Postprocessings = POSTPROCESS_OPTION,
    whitening_strength: float = STRENGTH_OPTION,
    code_path: Path = CODE_OPTION,
    trust_config: bool = TRUST_OPTION,
) -> None:
    """
    Plot a map of words, in which similar words are near each other.

    In HTML, the map can be moved, zoomed and searched. Labels never overlap: more of them appear as you zoom. A table
    (.parquet) has the coordinates and neighbours of each word, for other programs that show maps.
    """
    from spacy_w2v._atomic import check_file
    from spacy_w2v.plots._groups import read_groups
    from spacy_w2v.plots._map import map_chart
    from spacy_w2v.plots._map_points import map_points

    with errors_for_users():
        charts = [path for path in outputs if path.suffix.lower() != TABLE_SUFFIX]
        check_outputs(charts)
        for path in outputs:
            check_file(path)
        groups = read_groups(groups_path) if groups_path is not None else None
        opening = Opening(vector_kind, postprocess, whitening_strength, code_path, trust_config)
        (vectors,) = opening.open(source)
        points = map_points(
            vectors,
            n_words=n_words,
            method=method.value,
            n_clusters=n_clusters if color is Colors.clusters else 0,
            groups=groups,
            seed=seed,
        )
        if groups is not None:
            warn_of_unknown(list(groups), vectors)
        if charts:
            save(map_chart(points, title=title), charts, theme=theme, what="map")
        save_tables(points, vectors, [path for path in outputs if path not in charts])


@plot_cli.command("spectrum")
def spectrum_command(
    sources: list[str] = typer.Argument(..., metavar="VECTORS...", help=f"{VECTORS_HELP}. Several are compared"),
    outputs: list[Path] = typer.Option([Path("spectrum.html")], "--output", "-o", help=OUTPUT_HELP),
    title: str = TITLE_OPTION,
    theme: Themes = THEME_OPTION,
    vector_kind: VectorKinds = KIND_OPTION,
    postprocess: Postprocessings = POSTPROCESS_OPTION,
    whitening_strength: float = STRENGTH_OPTION,
    code_path: Path = CODE_OPTION,
    trust_config: bool = TRUST_OPTION,
) -> None:
    """
    Plot how the variance of vectors is spread over their dimensions.

    The curve shows the share of each principal component. It falls steeply where few dimensions are used.
    """
    from spacy_w2v.model._spectrum import effective_rank
    from spacy_w2v.plots._spectrum import spectrum_chart, variance_shares

    with errors_for_users():
        check_outputs(outputs)
        opening = Opening(vector_kind, postprocess, whitening_strength, code_path, trust_config)
        spectra = {
            name: variance_shares(vectors)
            for name, vectors in zip(short_names(sources), opening.open(*sources), strict=True)
        }
        rows = [("Vectors", "Dimensions", "Effective rank")]
        rows += [(name, str(len(shares)), f"{effective_rank(shares):.1f}") for name, shares in spectra.items()]
        print("", *aligned(rows), "", sep="\n")  # noqa: T201  # the command's output
        save(spectrum_chart(spectra, title=title or "Spectrum"), outputs, theme=theme, what="spectrum")


@plot_cli.command("similarity")
def similarity_command(
    source: str = typer.Argument(..., metavar="VECTORS", help=VECTORS_HELP),
    words: list[str] = typer.Argument(..., help="Words to compare, at most 100"),
    outputs: list[Path] = typer.Option([Path("similarity.html")], "--output", "-o", help=OUTPUT_HELP),
    keep_order: bool = typer.Option(
        False, "--keep-order", help="Keep the order of the words. By default, similar words are put together"
    ),
    title: str = TITLE_OPTION,
    theme: Themes = THEME_OPTION,
    vector_kind: VectorKinds = KIND_OPTION,
    postprocess: Postprocessings = POSTPROCESS_OPTION,
    whitening_strength: float = STRENGTH_OPTION,
    code_path: Path = CODE_OPTION,
    trust_config: bool = TRUST_OPTION,
) -> None:
    """
    Plot the similarities of words with each other, as a heat map.
    """
    from spacy_w2v.plots._similarity import similarities, similarity_chart

    with errors_for_users():
        check_outputs(outputs)
        opening = Opening(vector_kind, postprocess, whitening_strength, code_path, trust_config)
        (vectors,) = opening.open(source)
        found = similarities(vectors, words, sort=not keep_order)
        save(similarity_chart(found, title=title), outputs, theme=theme, what="heat map")


@plot_cli.command("movement")
def movement_command(
    before: str = typer.Argument(..., metavar="BEFORE", help=VECTORS_HELP),
    after: str = typer.Argument(..., metavar="AFTER", help="Other vectors, in any of these forms"),
    outputs: list[Path] = typer.Option([Path("movement.html")], "--output", "-o", help=OUTPUT_HELP),
    topn: int = typer.Option(20, "--topn", min=0, help="Number of words to list in the terminal"),
    n_words: int = typer.Option(
        10_000, "--n-words", "-n", min=3, help="Number of words to compare, the most frequent ones that both have"
    ),
    title: str = TITLE_OPTION,
    theme: Themes = THEME_OPTION,
    vector_kind: VectorKinds = KIND_OPTION,
    postprocess: Postprocessings = POSTPROCESS_OPTION,
    whitening_strength: float = STRENGTH_OPTION,
    code_path: Path = CODE_OPTION,
    trust_config: bool = TRUST_OPTION,
) -> None:
    """
    Show which words have moved between two models.

    The second model is turned onto the first (orthogonal Procrustes), because axes of vectors have no meaning. Each
    word is then compared with words of similar frequency: those with a much lower cosine have moved. The terminal
    lists them with their neighbours in both models.
    """
    from spacy_w2v.plots._movement import movements
    from spacy_w2v.plots._movement_chart import movement_chart

    with errors_for_users():
        check_outputs(outputs)
        opening = Opening(vector_kind, postprocess, whitening_strength, code_path, trust_config)
        old, new = opening.open(before, after)
        found = movements(old, new, n_words=n_words)
        if topn:
            rows = rows_of_movement(found, old, new, topn=topn)
            print("", *aligned(rows), "", sep="\n")  # noqa: T201  # the command's output
        save(movement_chart(found, title=title), outputs, theme=theme, what="movements")


@plot_cli.command("training")
def training_command(
    sources: list[str] = typer.Argument(
        ..., metavar="MODEL...", help="Output directory of `spacy w2v train`, model or checkpoint. Several are compared"
    ),
    outputs: list[Path] = typer.Option([Path("training.html")], "--output", "-o", help=OUTPUT_HELP),
    title: str = TITLE_OPTION,
    theme: Themes = THEME_OPTION,
    code_path: Path = CODE_OPTION,
    trust_config: bool = TRUST_OPTION,
) -> None:
    """
    Plot the loss and the learning rate of each epoch.
    """
    from spacy_w2v.plots._training import training_chart

    with errors_for_users():
        check_outputs(outputs)
        opening = Opening(VectorKinds.recorded, Postprocessings.recorded, None, code_path, trust_config)
        opened = dict(zip(short_names(sources), opening.open(*sources), strict=True))
        without = [name for name, each in opened.items() if each.model is None]
        if without:
            raise ConfigError(f"Curves need models, which have a record of their epochs, was: {', '.join(without)}")
        records = {name: each.model.record for name, each in opened.items() if each.model is not None}
        save(training_chart(records, title=title or "Training"), outputs, theme=theme, what="curves")


def check_outputs(paths: list[Path]) -> None:
    """Raise Word2VecError if a chart cannot be saved to one of the files, before it is made."""
    from spacy_w2v._atomic import check_file
    from spacy_w2v.plots._packages import import_altair, import_vl_convert
    from spacy_w2v.plots._saving import renderer_of

    for path in paths:
        renderer_of(path)
        check_file(path)
    if paths:
        import_altair()
        import_vl_convert()


def save(chart: "altair.TopLevelMixin", paths: list[Path], *, theme: Themes, what: str) -> None:
    """Save a chart to files, and print where, and what to know about them."""
    from spacy_w2v.plots._saving import save_chart

    for path in paths:
        for note in save_chart(chart, path, theme=theme.value):
            msg.warn(note)
        msg.good(f"Saved the {what} to {path}")


def save_tables(points: "MapPoints", vectors: "WordVectors", paths: list[Path]) -> None:
    """Save a map as tables, and print where."""
    from spacy_w2v.plots._map_table import write_map_table

    for path in paths:
        write_map_table(points, vectors, path)
        msg.good(f"Saved the table of the map to {path}")


def warn_of_unknown(words: list[str], vectors: "WordVectors") -> None:
    """Warn of words that have no vector."""
    unknown = [word for word in words if word not in vectors]
    if unknown:
        named = ", ".join(unknown[:5]) + (" …" if len(unknown) > 5 else "")
        msg.warn(f"{len(unknown):,} of {len(words):,} words of groups have no vector and are left out: {named}")


def rows_of_movement(
    found: "Movements", before: "WordVectors", after: "WordVectors", *, topn: int
) -> list[tuple[str, ...]]:
    """Return the words that have moved most as rows of a table, with their neighbours in both models."""

    def nearest(vectors: "WordVectors", word: str) -> str:
        return ", ".join(near for near, _ in vectors.most_similar(word, topn=3))

    rows: list[tuple[str, ...]] = [("Word", "Cosine", "Peers", "Before", "After")]
    for place in found.most_moved(topn):
        word = found.words[place]
        cosines = (f"{found.cosines[place]:.2f}", f"{found.expected[place]:.2f}")
        rows.append((word, *cosines, nearest(before, word), nearest(after, word)))
    return rows
