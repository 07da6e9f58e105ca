"""The configs in README.md and its pages: all of them parse as they stand, and the complete ones make a pipeline."""

import json
import random
import re
from itertools import cycle, takewhile
from pathlib import Path

import pytest
import spacy
from spacy.tokens import Doc, DocBin
from spacy.training.initialize import init_nlp
from spacy.util import load_model_from_config
from thinc.api import Config

import spacy_w2v
from spacy_w2v.config._schema import W2VSettings

ROOT = Path(__file__).parent.parent
PAGES = ("README.md", "configs/README.md", "docs/component.md", "docs/word2vec-family.md")
FRAGMENTS = {"components.tok2vec.model.embed", "corpora.pretrain", "w2v.corpus", "w2v.model"}
"""First sections of the blocks that are for pasting into a config, which has the sections above them."""
CHOOSER = random.Random(0)
TEXTS = [
    " ".join(CHOOSER.choices(["river", *(f"word{letter}" for letter in "abcdefghijklmnop")], k=10)) for _ in range(400)
]
"""Enough for the default settings, by which most of words as frequent as these are left out."""


def blocks_of(page):
    return re.findall(r"^```ini\n(.*?)^```", (ROOT / page).read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


BLOCKS = [
    pytest.param(block, id=f"{page}-{number}") for page in PAGES for number, block in enumerate(blocks_of(page), 1)
]


def sections_of(block):
    return re.findall(r"^\[(.+)\]$", block, re.MULTILINE)


def is_complete(block):
    return sections_of(block)[0] not in FRAGMENTS


def with_parents(block):
    """Return the fragment with the sections that the config has, above it."""
    sections = sections_of(block)
    parents = {name.rsplit(".", n)[0] for name in sections for n in range(1, name.count(".") + 1)}
    return "".join(f"[{name}]\n" for name in sorted(parents.difference(sections))) + block


def values_of(config):
    for value in config.values():
        yield from values_of(value) if isinstance(value, dict) else [value]


def test_there_are_blocks():
    assert len(BLOCKS) >= 7
    assert sum(is_complete(block) for page in PAGES for block in blocks_of(page)) == 4


@pytest.mark.parametrize("block", BLOCKS)
def test_a_block_parses(block):
    text = block if is_complete(block) else with_parents(block)
    config = Config().from_str(text, interpolate=False)
    # A comment behind a value would be taken as part of it.
    values = list(values_of(config))
    assert values
    assert not [value for value in values if isinstance(value, str) and "#" in value]


@pytest.mark.parametrize("block", [block for block in BLOCKS if is_complete(block.values[0])])
def test_a_complete_block_makes_a_pipeline(block, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("texts").mkdir()
    Path("texts/some.txt").write_text("\n".join(TEXTS) + "\n", encoding="utf-8")
    corpus = DocBin()
    for text in TEXTS[:2]:
        words = text.split()
        corpus.add(Doc(spacy.blank("en").vocab, words=words, tags=["X"] * len(words)))
    for name in ("train", "dev"):
        corpus.to_disk(f"{name}.spacy")

    config = Config().from_str(block, interpolate=False)
    if config["initialize"].get("components", {}).get("w2v", {}).get("path") == "vectors":
        spacy_w2v.train(TEXTS, vector_size=12, workers=1).save("vectors")
    if "training" in config:  # for spacy train
        nlp = init_nlp(config)
    else:
        nlp = load_model_from_config(config, auto_fill=True)
        nlp.initialize()
    assert nlp.pipe_names == config["nlp"]["pipeline"]
    assert nlp("river")[0].has_vector
    if "tok2vec" in nlp.pipe_names:
        assert any(node.name == "static_vectors" for node in nlp.get_pipe("tok2vec").model.walk())


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
