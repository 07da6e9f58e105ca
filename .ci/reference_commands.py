"""The commands of `spacy w2v` as Markdown, from the functions that typer makes them of."""

import inspect
import re
from collections.abc import Callable
from enum import Enum
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

import typer
from typer.models import ArgumentInfo, CommandInfo, OptionInfo

INTRODUCTION = """\
# Command line

`spacy w2v` has the commands below; `spacy w2v COMMAND --help` describes each in the terminal. Where `spacy` is not in
the path, `python -m spacy w2v` does the same.

| command | what it does |
|---|---|
"""

OVERRIDES = """
This command also takes [settings of the config](config.md) as options, such as `--w2v.training.epochs 3`, also from the
environment variable `SPACY_CONFIG_OVERRIDES`.
"""

ENDING = """
## Exit codes

| code | meaning |
|---|---|
| 0 | the command did its work |
| 1 | an error, whose text says what to do |
| 2 | options or arguments that do not fit |
| 129 | ended by SIGHUP, as when a terminal is closed |
| 130 | ended by Ctrl-C (SIGINT) |
| 143 | ended by SIGTERM, as `kill` sends it |
| 149 | ended by Ctrl-Break, on Windows |

After a signal, `spacy w2v train` first writes a checkpoint, from which the same command resumes with `--resume`.

## Environment variables

| variable | meaning |
|---|---|
| `SPACY_W2V_CACHE` | the directory of encoded corpora; by default in the user's cache directory |
| `SPACY_CONFIG_OVERRIDES` | overrides of settings, written as options |
"""


def command_pages(app: typer.Typer) -> str:
    """Return the page of all commands of an app."""
    commands = commands_of(app)
    rows = [
        f"| [`{name}`](#{_heading(name).replace(' ', '-')}) | {_paragraphs(command)[0]} |\n"
        for name, command in commands.items()
    ]
    return "".join([INTRODUCTION, *rows, *(_command(name, command) for name, command in commands.items()), ENDING])


def commands_of(app: typer.Typer) -> dict[str, CommandInfo]:
    """Return the commands of an app by their names, those of groups with the name of the group before: "plot map"."""
    commands = {str(command.name): command for command in app.registered_commands}
    for group in app.registered_groups:
        assert group.typer_instance is not None
        name = group.typer_instance.info.name
        commands |= {f"{name} {inner}": command for inner, command in commands_of(group.typer_instance).items()}
    return commands


def _command(name: str, command: CommandInfo) -> str:
    arguments, options = parameters_of(command.callback)
    allows_extra = bool((command.context_settings or {}).get("allow_extra_args"))
    words = [_heading(name), *(_metavar(argument, info) for argument, info, _ in arguments), "[OPTIONS]"]
    page = [f"\n## {_heading(name)}\n\n", "\n\n".join(_paragraphs(command)), "\n"]
    page.append(f"\n```text\n{' '.join(map(str, words))}{' [--SECTION.SETTING VALUE]' if allows_extra else ''}\n```\n")
    page.append("\n| argument | description |\n|---|---|\n")
    for argument, info, _ in arguments:
        default = "" if info.default in (..., None) else f" Default: `{info.default}`."
        page.append(f"| `{_metavar(argument, info).strip('[]')}` | {_sentence(info.help)}{default} |\n")
    page.append("\n| option | description |\n|---|---|\n")
    for option, info, annotation in options:
        names = ", ".join(f"`{flag}`" for flag in info.param_decls or [f"--{option.replace('_', '-')}"])
        value, choices = _value_of(info, annotation)
        row = " ".join(filter(None, [_sentence(info.help), choices, _default_of(info)]))
        page.append(f"| {names}{value} | {row} |\n")
    return "".join([*page, OVERRIDES if allows_extra else ""])


def parameters_of(function: Callable[..., Any] | None) -> tuple[list, list]:  # Any: typer's functions
    """Return name, description and type of each argument and of each option of a command."""
    assert function is not None
    hints = get_type_hints(function)
    found = [(name, p.default, hints[name]) for name, p in inspect.signature(function).parameters.items()]
    return [f for f in found if isinstance(f[1], ArgumentInfo)], [f for f in found if isinstance(f[1], OptionInfo)]


def _heading(name: str) -> str:
    return f"spacy w2v {name}"


def _paragraphs(command: CommandInfo) -> list[str]:
    text = inspect.cleandoc(command.help or inspect.getdoc(command.callback) or "")
    return re.split(r"\n{2,}", text)


def _metavar(name: str, info: ArgumentInfo) -> str:
    word = info.metavar or name.upper()
    return word if info.default is ... else f"[{word}]"


def _sentence(text: str | None) -> str:
    """Return a help text, which has no full stop at its end, as a sentence or several."""
    assert text
    return text if text.endswith(".") else f"{text}."


def _value_of(info: OptionInfo, annotation: Any) -> tuple[str, str]:  # Any: annotations of all kinds
    """Return the placeholder for the value of an option, and a sentence about the values; both may be empty."""
    several = get_origin(annotation) is list
    kind = next((each for each in get_args(annotation) if each is not type(None)), annotation)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return f" {info.metavar or 'NAME'}", f"One of {', '.join(f'`{member.value}`' for member in kind)}."
    if kind is bool:
        return "", ""
    placeholder = info.metavar or {int: "NUMBER", float: "NUMBER", str: "TEXT", Path: "PATH"}[kind]
    sentences = [f"At least {info.min:,}."] if info.min is not None else []
    sentences += ["May be given several times."] if several else []
    return f" {placeholder}", " ".join(sentences)


def _default_of(info: OptionInfo) -> str:
    if info.default is ...:
        return "Required."
    if info.default is None or info.default is False or info.default == []:
        return ""
    value = info.default.value if isinstance(info.default, Enum) else info.default
    value = value[0] if isinstance(value, list) and len(value) == 1 else value
    return f"Default: `{value}`."
