"""Typed blocks for the JSON files of models, checkpoints and the component, and errors for damaged files."""

from typing import Annotated, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from spacy_w2v.config._problems import describe_problem
from spacy_w2v.errors import StorageError

MAX_PROBLEM_LENGTH = 300
"""Largest length, in characters, of the part of an error that shows a value."""

ALLOW_UNKNOWN_KEYS = ConfigDict(extra="allow", strict=True)
"""Keep unknown keys, which a newer version may have written. Known keys must have values of the right type."""


AtLeastOne = Annotated[int, Field(ge=1)]


class Block(BaseModel):
    """Base of all blocks, which are immutable."""

    model_config = ConfigDict(**ALLOW_UNKNOWN_KEYS, frozen=True, protected_namespaces=(), allow_inf_nan=False)


AnyBlock = TypeVar("AnyBlock", bound=BaseModel)


def parse_block(block: type[AnyBlock], values: object, *, path: str, section: str = "") -> AnyBlock:
    """Return JSON values as a block.

    Args:
        block: The class of the block.
        values: The JSON values.
        path: The path of the file, for errors.
        section: The section of the file that holds the values, for errors; empty for the whole file.

    Raises:
        StorageError: Values are missing or invalid.
    """
    try:
        return block.model_validate(values)
    except ValidationError as error:
        try:
            problem = describe_problem(error.errors()[0], section)[:MAX_PROBLEM_LENGTH]
        except RecursionError:
            problem = f"{section} has values that are nested too deeply".lstrip()
    raise StorageError(
        f"{path}: {problem}. The file is damaged, or a newer version of spacy-w2v wrote it. In that case, read it with "
        "that version."
    )


def unknown_entries(block: BaseModel) -> dict[str, object]:
    """Return the unknown entries of a block, which a newer version may have written, by their keys."""
    return dict(block.__pydantic_extra__ or {})


def with_unknown_entries(block: AnyBlock, earlier: BaseModel) -> AnyBlock:
    """Return a block with the unknown entries of an earlier one added, also in nested blocks."""
    more = {key: value for key, value in unknown_entries(earlier).items() if key not in block.model_fields_set}
    for name, value in block:
        before = getattr(earlier, name, None)
        if isinstance(value, BaseModel) and isinstance(before, BaseModel):
            more[name] = with_unknown_entries(value, before)
    return block.model_copy(update=more)
