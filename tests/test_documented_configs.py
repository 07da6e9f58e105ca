"""The tables of settings in README.md have every setting with its default."""

import json
import re
from itertools import cycle, takewhile
from pathlib import Path

import pytest

from spacy_w2v.config._schema import W2VSettings

ROOT = Path(__file__).parent.parent

CODE = re.compile(r"`([^`]+)`")


def table_of(section):
    """The defaults that the README's table of a section gives, by setting."""
    lines = (ROOT / "README.md").read_text(encoding="utf-8").split(f"| `[{section}]` | default |")[1].splitlines()[2:]
    rows = (line.split(" | ") for line in takewhile(lambda line: line.startswith("|"), lines))
    return {
        name: json.loads(default)
        for names, defaults, *_ in rows
        for name, default in zip(CODE.findall(names), cycle(CODE.findall(defaults)), strict=False)
    }


@pytest.mark.parametrize("block", list(W2VSettings.model_fields))
def test_the_readme_has_every_setting_with_its_default(block):
    assert table_of(f"w2v.{block}") == json.loads(W2VSettings().model_dump_json())[block]
