"""What the JSON files of models, checkpoints and the component are read into: typed blocks, and errors for damage."""

from typing import Annotated, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from spacy_w2v.config._schema import describe_problem
from spacy_w2v.errors import StorageError

LONGEST_PROBLEM = 300
"""Characters of an error that shows a value."""

KEEPS_UNKNOWN = ConfigDict(extra="allow", strict=True)
"""Keys that only a newer version knows stay where they are; those that are known must have values of their type."""


AtLeastOne = Annotated[int, Field(ge=1)]


class Block(BaseModel):
    """Base of all blocks, which are immutable."""

    model_config = ConfigDict(**KEEPS_UNKNOWN, frozen=True, protected_namespaces=(), allow_inf_nan=False)


AnyBlock = TypeVar("AnyBlock", bound=BaseModel)


def parse_block(block: type[AnyBlock], values: object, *, path: str, section: str = "") -> AnyBlock:
    """Return JSON values as a block.

    Args:
        block: the class of it.
        values: what a JSON file holds.
        path: of the file, for errors.
        section: where in the file the values stand, for errors; empty for all of it.

    Raises:
        StorageError: for values that are missing or wrong, as those of a newer version may be.
    """
    try:
        return block.model_validate(values)
    except ValidationError as error:
        try:
            problem = describe_problem(error.errors()[0], section)[:LONGEST_PROBLEM]
        except RecursionError:
            problem = f"{section} has values that are nested too deep".lstrip()
    raise StorageError(
        f"{path}: {problem}. It is damaged, or was written by a newer version of spacy-w2v, and only that can read it."
    )


def unknown_of(block: BaseModel) -> dict[str, object]:
    """Return the entries of a block that only a newer version knows, by their keys."""
    return dict(block.__pydantic_extra__ or {})


def with_unknown_of(block: AnyBlock, earlier: BaseModel) -> AnyBlock:
    """Return a block with the entries of an earlier one that only a newer version knows, in the blocks within too."""
    more = {key: value for key, value in unknown_of(earlier).items() if key not in block.model_fields_set}
    for name, value in block:
        before = getattr(earlier, name, None)
        if isinstance(value, BaseModel) and isinstance(before, BaseModel):
            more[name] = with_unknown_of(value, before)
    return block.model_copy(update=more)
