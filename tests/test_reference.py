"""The reference of the site: it is what the code says, and lacks nothing that users can name."""

import importlib
import inspect
import json
import re
import sys
from importlib.metadata import distribution
from operator import attrgetter

import pytest
from helpers_pages import ROOT, blocks_of, headings_of
from pydantic import BaseModel
from typer.models import OptionInfo

import spacy_w2v
from spacy_w2v import errors
from spacy_w2v.cli import w2v_cli
from spacy_w2v.config._schema import W2VSettings

REFERENCE = ROOT / "docs/reference"


def page(name):
    return (REFERENCE / name).read_text(encoding="utf-8")


def headings(name):
    return [heading for _, heading in headings_of(page(name))]


@pytest.fixture(scope="module")
def generator():
    sys.path.insert(0, str(ROOT / ".ci"))
    try:
        yield importlib.import_module("reference_pages")
    finally:
        sys.path.remove(str(ROOT / ".ci"))


@pytest.mark.parametrize("name", ["config.md", "command-line.md", "registered.md", "python.md", "errors.md"])
def test_a_page_is_what_the_code_says(generator, name):
    assert page(name) == generator.PAGES[name](), "run python .ci/reference_pages.py, and commit its pages"


def test_all_generated_pages_are_tested(generator):
    assert sorted(generator.PAGES) == ["command-line.md", "config.md", "errors.md", "python.md", "registered.md"]


@pytest.mark.parametrize("block", [*W2VSettings.model_fields, "model.subwords"])
def test_every_setting_has_its_default_and_a_description(block):
    section = page("config.md").split(f"\n## w2v.{block}\n")[1].split("\n## ")[0]
    entries = dict(zip(*[iter(re.split(r"^### (\w+)\n", section, flags=re.MULTILINE)[1:])] * 2, strict=True))
    entries.pop("logger", None)
    settings = attrgetter(block)(W2VSettings())
    defaults = {name: value for name, value in settings if not isinstance(value, BaseModel)}
    assert list(entries) == list(defaults)
    for name, text in entries.items():
        kind, description = text.strip().split("\n\n", 1)
        assert json_of(kind) == json.loads(json.dumps(defaults[name])), name  # tuples are lists in a config
        assert len(description) > 40, name


def json_of(kind):
    return json.loads(re.search(r"Default: `(.*)`\.$", kind)[1])


def test_every_command_and_option():
    groups = [group.typer_instance for group in w2v_cli.registered_groups]
    named = [(command.name, command) for command in w2v_cli.registered_commands]
    named += [
        (f"{group.info.name} {command.name}", command) for group in groups for command in group.registered_commands
    ]
    for name, command in named:
        assert f"spacy w2v {name}" in headings("command-line.md")
        section = page("command-line.md").split(f"\n## spacy w2v {name}\n")[1].split("\n## ")[0]
        parameters = inspect.signature(command.callback).parameters.values()
        for option in [parameter.default for parameter in parameters if isinstance(parameter.default, OptionInfo)]:
            assert option.param_decls
            for flag in option.param_decls:
                assert f"`{flag}`" in section, (name, flag)
            assert option.help.rstrip(".") in section


def test_every_public_name():
    assert [name for name in spacy_w2v.__all__ if name not in headings("python.md") + headings("errors.md")] == []
    directives = re.findall(r"^::: spacy_w2v\.(\w+)$", page("python.md"), re.MULTILINE)
    assert sorted([*directives, *errors.__all__]) == sorted(spacy_w2v.__all__)


def test_the_members_of_classes_exist(generator):
    for name, members in generator.MEMBERS.items():
        known = {each for base in getattr(spacy_w2v, name).__mro__ for each in vars(base)}
        known |= {each for base in getattr(spacy_w2v, name).__mro__ for each in vars(base).get("__annotations__", {})}
        assert [member for member in members if member not in known] == []


def test_every_error():
    assert headings("errors.md")[1:] == errors.__all__


def test_every_registered_function():
    groups = ("spacy_readers", "spacy_misc", "spacy_callbacks", "spacy_factories")
    names = {entry.name for entry in distribution("spacy-w2v").entry_points if entry.group in groups}
    assert names - set(headings("registered.md")) == set()


def test_every_argument_of_a_registered_function_is_described():
    rows = re.findall(r"^\| `(\w+)` \| (.*?)Type: ", page("registered.md"), re.MULTILINE)
    assert len(rows) > 50
    assert [name for name, text in rows if len(text) < 10] == []


def test_examples_of_registered_functions_name_them():
    blocks = [block.text for block in blocks_of("docs/reference/registered.md") if block.language == "ini"]
    assert len(blocks) >= 8
