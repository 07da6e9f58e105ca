"""The spaCy project, run as people run it, with values of their own."""

import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from weasel.util import load_project_config

from spacy_w2v.cli import _new_config as cli_config
from spacy_w2v.config._loading import load_config

ROOT = Path(__file__).parents[1]


@pytest.fixture
def project(tmp_path):
    directory = tmp_path / "my project"
    directory.mkdir()
    shutil.copy(ROOT / "project.yml", directory)
    return directory


def run(project, *arguments):
    command = [sys.executable, "-m", "spacy", "project", "run", *arguments]
    result = subprocess.run(command, cwd=project, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr


def test_columns_and_paths_may_have_spaces(project):
    texts = project / "my texts"
    texts.mkdir()
    (texts / "a b.csv").write_text("Id,Review Text\n" + "1,the cat and the dog\n" * 300)
    values = ["--vars.dataset", "my texts/*.csv", "--vars.text_field", "Review Text"]
    run(project, "config", ".", *values)
    corpus = load_config(project / "output" / "config.cfg")["w2v"]["corpus"]
    assert (corpus["data_files"], corpus["text_field"]) == ("my texts/*.csv", "Review Text")
    run(project, "encode", ".", *values)
    assert list((project / "output" / "corpus").glob("*/manifest.json"))


def test_every_value_that_may_have_spaces_is_quoted():
    """In each command, and so split into one argument, with quotes around it under Windows."""
    values = {"dataset": "a b", "dataset_name": "c d", "text_field": "e f", "labelled": "g h", "texts": "i j"}
    project = load_project_config(ROOT, overrides={f"vars.{name}": value for name, value in values.items()})
    scripts = [script for command in project["commands"] for script in command["script"]]
    for value in values.values():
        those = [script for script in scripts if value in script]
        assert those, value
        for script in those:
            assert value in shlex.split(script)
            assert f'"{value}"' in shlex.split(script, posix=False)


@pytest.mark.parametrize(
    ("value", "expected"), [('"a b"', "a b"), ("a b", "a b"), ('""', ""), ('"', '"'), ('a "b"', 'a "b"'), ("", "")]
)
def test_quotes_are_taken_off_where_projects_hand_them_on(value, expected, monkeypatch):
    monkeypatch.setattr(cli_config, "KEEPS_QUOTES", True)
    assert cli_config.strip_project_quotes(value) == expected
    monkeypatch.setattr(cli_config, "KEEPS_QUOTES", False)
    assert cli_config.strip_project_quotes(value) == value
