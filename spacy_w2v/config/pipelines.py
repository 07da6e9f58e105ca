"""Pipelines of spaCy on disk or in a package, loaded so that one that is damaged says so."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from spacy_w2v.errors import StorageError, Word2VecError, first_line

if TYPE_CHECKING:
    from spacy.language import Language


RULE = "A pipeline must be a directory that spaCy has written, or the name of an installed package"


def load_pipeline(source: str | Path, *, rule: str = RULE, components: bool = True) -> "Language":
    """Return a pipeline, by its directory or the name of an installed package; its table of vectors is checked.

    rule: how the error begins, for what is no pipeline. components: whether they are loaded too.
    Raises StorageError, which names the source, for whatever goes wrong; what spaCy, or code of a component, raised is
    its cause.
    """
    import spacy
    from srsly import json_dumps

    try:
        nlp: Language = spacy.load(source, exclude=[] if components else _component_names(source))
        _check_table(nlp.vocab.vectors)
        json_dumps(nlp.meta), nlp.config.to_str().encode()  # lone surrogates could not be written again
    except Word2VecError:  # of a component of ours, and names its file
        raise
    except Exception as error:  # spaCy and srsly raise many kinds for damaged files, and components what they like
        raise StorageError(f"{rule}, but {source} cannot be loaded: {_kind_of(error)}{first_line(error)}") from error
    return nlp


def bare_pipeline(nlp: "Language") -> "Language":
    """Return a pipeline that can be saved, with the tokenizer of another, and without components and vectors.

    Both share the tokenizer, so that what has changed it, as a callback, need not run again; it makes documents of the
    other's vocab, so the pipeline is for saving only.
    """
    bare = type(nlp)(create_tokenizer=lambda _: nlp.tokenizer)
    bare.vocab.lookups.from_bytes(nlp.vocab.lookups.to_bytes())
    for string in nlp.vocab.strings:
        bare.vocab.strings.add(string)
    config = (bare if nlp.component_names else nlp).config.copy()
    config["nlp"] = {**nlp.config["nlp"], "pipeline": [], "disabled": []}
    bare.config = config
    return bare


def _component_names(source: str | Path) -> list[str]:
    """Return the names of a pipeline's components. Raises what spaCy does."""
    from spacy.util import get_package_path, load_meta

    path = Path(source)
    if not path.is_dir():
        path = get_package_path(str(source))
    return [str(name) for name in load_meta(path / "meta.json").get("components", ())]


def _check_table(table: Any) -> None:  # Any: spaCy's Vectors has no types
    """Raise ValueError for a table whose words have rows that are not there, which spaCy finds only when it is used."""
    if getattr(table, "mode", None) != "default":
        return
    if table.data.ndim != 2 or table.data.dtype.kind != "f":
        raise ValueError(f"the vectors are {table.data.dtype} of shape {table.data.shape}")
    n_rows = len(table.data)
    for key, row in table.key2row.items():
        if type(row) is not int or not -1 <= row < n_rows:
            raise ValueError(f"word {key} has the vector {row!r} of {n_rows}")


def _kind_of(error: Exception) -> str:
    """Return the kind of an error, before its text, unless this is a sentence of spaCy's own."""
    return "" if str(error).startswith("[E") else f"{type(error).__name__}: "
