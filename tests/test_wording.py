"""Errors name arguments in a Python program, and options on the command line."""

import ast
import re
from pathlib import Path

import pytest

import spacy_w2v
from spacy_w2v._atomic import check_output
from spacy_w2v.errors import StorageError
from spacy_w2v.errors._wording import worded, worded_for_command_line

PACKAGE = Path(spacy_w2v.__file__).parent
OPTION = re.compile(r"(^|[^-\w])--[a-z]")
OTHER_PROGRAM = re.compile(r"\b(ray (start|status)|spacy init vectors [A-Za-z. ]+) --[a-z-]+")


def texts_of(tree):
    """Yield all strings of a module, except docstrings and the texts of `worded` for the command line."""
    left_out = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            left_out.add(node.value)
        if isinstance(node, ast.keyword) and node.arg == "command_line":
            left_out.update(ast.walk(node.value))
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in left_out:
            yield node.value


MODULES = [path for path in PACKAGE.rglob("*.py") if path.relative_to(PACKAGE).parts[0] != "cli"]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_message_below_the_command_line_names_options_alone(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert [text for text in texts_of(tree) if OPTION.search(OTHER_PROGRAM.sub("", text))] == []


def test_messages_name_options_on_the_command_line(tmp_path):
    (tmp_path / "results").write_text("mine")

    def refusal():
        with pytest.raises(StorageError) as raised:
            check_output(tmp_path, overwrite=False, marker_file="log.jsonl")
        return str(raised.value)

    assert refusal().endswith("replace it with overwrite=True.")
    with worded_for_command_line():
        assert refusal().endswith("replace it with --overwrite.")
        with worded_for_command_line():
            assert worded(python="a", command_line="b") == "b"
        assert worded(python="a", command_line="b") == "b"
    assert refusal().endswith("replace it with overwrite=True.")


def test_resuming_without_a_checkpoint_names_the_argument(tmp_path):
    message = r"^resume=True needs the checkpoint of an interrupted run, .* Start the run without resume=True\.$"
    with pytest.raises(StorageError, match=message):
        spacy_w2v.train(["a b"] * 9, checkpoint=tmp_path / "none", resume=True, min_count=1)
