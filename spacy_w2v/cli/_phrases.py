"""`spacy w2v phrases`: the phrases of a corpus, so that people can choose a threshold."""

from contextlib import closing
from dataclasses import replace
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from spacy_w2v._system.tables import aligned
from spacy_w2v._system.terminal import shown
from spacy_w2v.cli._app import (
    CACHE_HELP,
    CONFIG_HELP,
    IMPORT_HELP,
    NAME_HELP,
    TEXT_FIELD_HELP,
    WITH_OVERRIDES,
    CommandWithOverrides,
    errors_for_users,
    read_overrides,
    run_code,
    w2v_cli,
)
from spacy_w2v.cli._messages import msg
from spacy_w2v.cli._new_config import LANG_OPTION, NEW_DATASET_HELP, new_config
from spacy_w2v.config._arguments import known_suffix

if TYPE_CHECKING:
    from spacy_w2v.phrases._preview import Preview, SampledPhrase
    from spacy_w2v.phrases._table import PhraseTable
    from spacy_w2v.training._resolved_config import ResolvedConfig

JSON_SUFFIX, TSV_SUFFIX = ".json", ".tsv"
WIDTH_OF_EXAMPLE = 60
HEADER = ("Score", "Count", "Phrases", "Phrase", "Example")


class Scorings(str, Enum):
    """The choices of --scoring, as in `spacy_w2v.config._phrases.Scoring`."""

    default = "default"
    npmi = "npmi"


@w2v_cli.command("phrases", cls=CommandWithOverrides, context_settings=WITH_OVERRIDES)
def phrases_command(
    ctx: typer.Context,
    config_path: Path = typer.Argument(
        None, help=f"{CONFIG_HELP}. Without one, --dataset names a corpus", allow_dash=True
    ),
    dataset: str = typer.Option(None, "--dataset", "-d", help=f"Instead of a config: {NEW_DATASET_HELP}"),
    lang: str = LANG_OPTION,
    name: str = typer.Option(None, "--name", help=NAME_HELP),
    text_field: str = typer.Option("text", "--text-field", "-t", help=TEXT_FIELD_HELP),
    scoring: Scorings = typer.Option(
        None, "--scoring", "-s", help="How pairs of words are scored. By default, as in the config, or default"
    ),
    thresholds: list[float] = typer.Option(
        [],
        "--threshold",
        help="Score above which a pair is a phrase. Can be repeated, once for each pass. By default, as in the config, "
        "or 10 for default and 0.5 for npmi",
    ),
    min_count: int = typer.Option(None, "--min-count", min=1, help="Count of pairs that are too rare for a phrase"),
    connector_words: list[str] = typer.Option(
        [],
        "--connector-word",
        help="Word that may be inside of a phrase, as in bank of america. Can be repeated. english stands for gensim's "
        "list of such words",
    ),
    passes: int = typer.Option(None, "--passes", min=1, max=4, help="Number of passes. Later ones join longer phrases"),
    topn: int = typer.Option(30, "--topn", "-n", min=1, help="Number of pairs to show for each pass"),
    output_file: Path = typer.Option(
        None,
        "--output",
        "-o",
        help="Output file for all phrases: a table for [w2v.phrases] if its name ends in .json, columns of text if in "
        ".tsv",
    ),
    cache_dir: Path = typer.Option(None, "--cache-dir", help=CACHE_HELP),
    code_path: Path = typer.Option(None, "--code", "-c", help=IMPORT_HELP),
) -> None:
    """
    Show the phrases of a corpus, to choose a threshold.

    Phrases are words that occur side by side more often than by chance, such as "new york". The table has pairs of
    words from the whole range of scores, above the threshold and below it, with an example from the text. The column
    Phrases is the number of phrases that a threshold at this score would give.

    Train with these phrases by the same settings in the block [w2v.phrases] of a config, or by the file that --output
    writes. The corpus is read and tokenized once, as by `spacy w2v encode`.
    """
    from spacy_w2v.training._resolved_config import resolve

    with errors_for_users():
        overrides = read_overrides(ctx) | phrase_overrides(
            scoring, thresholds, min_count=min_count, connector_words=connector_words, passes=passes
        )
        check_output(output_file)
        check_one_corpus(ctx, config_path, dataset)
        run_code(code_path)
        resolved = resolve(complete_of(config_path, dataset, overrides, lang=lang, name=name, text_field=text_field))
        preview, n_tokens = find(resolved, topn=topn, cache_dir=cache_dir, code_path=code_path)
        print_preview(preview, n_tokens=n_tokens)
        if output_file is not None:
            write_phrases(preview.table, output_file)
            msg.good(f"Saved {len(preview.table):,} phrases to {output_file}")


def phrase_overrides(
    scoring: Scorings | None,
    thresholds: list[float],
    *,
    min_count: int | None,
    connector_words: list[str],
    passes: int | None,
) -> dict[str, Any]:  # Any: values of a config
    """Return config overrides for the options that are given."""
    words = connector_words[0] if connector_words == ["english"] else connector_words
    given = {
        "scoring": scoring.value if scoring is not None else None,
        "threshold": thresholds[0] if len(thresholds) == 1 else thresholds,
        "min_count": min_count,
        "connector_words": words,
        "passes": passes if passes is not None else len(thresholds) if len(thresholds) > 1 else None,
    }
    return {f"w2v.phrases.{name}": value for name, value in given.items() if value not in (None, [])}


def check_output(path: Path | None) -> None:
    """Raise ConfigError if the name of a file promises another kind, or StorageError if it cannot be written."""
    from spacy_w2v._atomic import check_file

    if path is None:
        return
    known_suffix(path, (JSON_SUFFIX, TSV_SUFFIX), what="phrases")
    check_file(path)


def check_one_corpus(ctx: typer.Context, config_path: Path | None, dataset: str | None) -> None:
    """Fail unless either a config or --dataset is given."""
    if (config_path is None) == (dataset is None):
        ctx.fail("Name the corpus, either by a config or by --dataset.")


def complete_of(
    config_path: Path | None, dataset: str | None, overrides: dict[str, Any], *, lang: str, name: str, text_field: str
) -> Any:  # Any: confection has no types
    """Return the config of the file or of the dataset, with overrides. Phrases are found, whatever the config says."""
    from spacy_w2v.config._loading import complete_config, load_config, parse_config
    from spacy_w2v.config._new_configs import ModelKind

    if config_path is not None:
        config = load_config(config_path, overrides)
    else:
        made = new_config(
            dataset or "", lang=lang, name=name, text_field=text_field, size=None, optimize=None,
            model=ModelKind(None, None, None),
        )  # fmt: skip
        config = complete_config(parse_config(made.config.to_str(), interpolate=False), overrides)
    phrases = config["w2v"]["phrases"]
    if isinstance(phrases, dict):
        phrases["path"] = None
        phrases["scoring"] = phrases.get("scoring") or Scorings.default.value
    return config


def find(
    resolved: "ResolvedConfig", *, topn: int, cache_dir: Path | None, code_path: Path | None
) -> tuple["Preview", int]:
    """Return the phrases of the corpus of a config, and the number of its tokens."""
    from spacy_w2v.config._phrases import PhraseSettings
    from spacy_w2v.phrases._preview import make_preview
    from spacy_w2v.training._run import TrainingRun
    from spacy_w2v.training.callbacks._progress_bar import ProgressBar

    settings = resolved.settings.phrases
    apart = resolved.settings.model_copy(update={"phrases": PhraseSettings()})
    run = TrainingRun.of(replace(resolved, settings=apart), cache_dir=cache_dir, code_path=code_path)
    with closing(ProgressBar()) as bar, run.on_cluster(bar) as connected, connected.encoded(bar) as corpus:
        return make_preview(corpus, settings, n_sampled=topn, callback=bar), corpus.counts.n_tokens


def print_preview(preview: "Preview", *, n_tokens: int) -> None:
    """Print a table for each pass, with a line at the threshold, and how much of the text is joined."""
    settings = preview.table.settings
    for number, of_pass in enumerate(preview.passes, start=1):
        passes = f", pass {number} of {settings.passes}" if settings.passes > 1 else ""
        msg.divider(f'Phrases by scoring "{settings.scoring}", min_count {settings.min_count}{passes}')
        line = (f"{of_pass.threshold:g}", "", f"{of_pass.n_phrases:,}", "--- threshold ---", "")
        above = [row_of(phrase) for phrase in of_pass.sample if phrase.score > of_pass.threshold]
        below = [row_of(phrase) for phrase in of_pass.sample if phrase.score <= of_pass.threshold]
        lines = aligned([HEADER, *above, line, *below], right=(0, 1, 2))
        print("", *lines, "", sep="\n")  # noqa: T201  # the command's output
    n_phrases = len(preview.table)
    if not n_phrases:
        msg.warn(
            "No pair of words has a score above the threshold. Lower --threshold or --min-count, or use more text."
        )
        return
    share = preview.n_joined / n_tokens
    msg.good(f"{n_phrases:,} phrases, which have {share:.1%} of the tokens ({preview.n_joined:,} of {n_tokens:,})")


def row_of(phrase: "SampledPhrase") -> tuple[str, ...]:
    """Return the cells of a pair."""
    example = ""
    if phrase.example is not None:
        example = f"{phrase.example.before} [{phrase.example.phrase}] {phrase.example.after}".strip()
    if len(example) > WIDTH_OF_EXAMPLE:
        example = f"{example[: WIDTH_OF_EXAMPLE - 1]}…"
    return (f"{phrase.score:.4g}", f"{phrase.n_times:,}", f"{phrase.n_phrases:,}", " ".join(phrase.words), example)


def write_phrases(table: "PhraseTable", path: Path) -> None:
    """Write all phrases: a table that can be read again, or columns of text. Raises StorageError."""
    from spacy_w2v._atomic import staged_file

    if path.suffix.lower() == JSON_SUFFIX:
        table.write(path)
        return
    columns = zip(table.texts(), table.scores.tolist(), table.counts.tolist(), table.passes.tolist(), strict=True)
    lines = ["phrase\tscore\tcount\tpass", *(f"{shown(text)}\t{s!r}\t{n}\t{p}" for text, s, n, p in columns)]
    with staged_file(path) as staged:
        staged.write_text("\n".join(lines) + "\n", encoding="utf-8")
