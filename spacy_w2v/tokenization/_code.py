"""The code that defines an object of a user, as part of fingerprints."""

from collections.abc import Iterator
from pathlib import Path
from types import CodeType
from typing import Any

# Any in signatures: tokenizers, components and key functions have no common type.


def code_of(thing: Any) -> list[bytes]:
    """Return the content of the files that define a function or the classes of an object, including those of --code."""
    return [path.read_bytes() for path in sorted({Path(code.co_filename) for code in _codes(thing)}) if path.is_file()]


def code_without_file(thing: Any) -> list[str]:
    """Return what the code without a file does, of a function or the classes of an object, as in a notebook."""
    return [_instructions(code) for code in _codes(thing) if not Path(code.co_filename).is_file()]


def package_of(thing: Any) -> str:
    """Return the top-level package that a function, or the class of an object, is from."""
    module = getattr(thing, "__module__", None) or type(thing).__module__
    return str(module).partition(".")[0]


def import_user_code(code_path: Path | None) -> None:
    """Import the file with the user's registered functions, if there is one, as in the process that was given it."""
    if code_path is not None:
        from spacy.cli._util import import_code

        import_code(code_path)


def _codes(thing: Any) -> list[CodeType]:
    members = [member for kind in type(thing).__mro__ for member in vars(kind).values()]
    codes = (getattr(member, "__code__", None) for member in (thing, *members))
    return [code for code in codes if code is not None]


def _instructions(code: CodeType) -> str:
    """Return a text that differs if the code does. The representation of nested code would have its address."""
    constants = [
        _instructions(value) if isinstance(value, CodeType) else repr(value) for value in _ordered(code.co_consts)
    ]
    return repr((code.co_code, code.co_names, code.co_varnames, constants))


def _ordered(values: tuple[Any, ...]) -> Iterator[Any]:
    """Yield constants, sets of them in a fixed order."""
    for value in values:
        yield sorted(value, key=repr) if isinstance(value, frozenset) else value
