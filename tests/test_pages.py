"""The code blocks of README.md and the documentation, run page by page.

What happens to a page:

- Its blocks are run in order, in an empty directory that holds the material of `helpers_material.MATERIAL` whose names
  occur in the blocks: texts/*.txt; data/*.txt, *.jsonl.gz (fields "body" and "text"), *.csv and *.parquet;
  abstracts/*.jsonl.gz; reviews.csv (columns title, rating, review); train.spacy and dev.spacy; config.cfg, which trains
  on texts/*.txt; vectors/, the output of the quickstart; general/, the same; the pipelines en_core_web_md and
  en_core_web_lg; glove.6B.100d.txt; wordsim-240.txt and analogy.txt; configs/, benchmarks/ and project.yml; and
  wikimedia/wikipedia in place of the Hub's.
- `bash`: run under `set -euo pipefail`, with `python` and `spacy` those of this interpreter. `spacy train` and `spacy
  pretrain` stop after a few steps if the config has a section [training] or [pretraining], and `spacy w2v train` has
  one thread, so that numbers and neighbours are always the same. What a `spacy w2v` command is about to write
  (`--output vectors`, `init-config config.cfg`) is removed before its block, since a page often shows several ways to
  make the same thing. With `--resume` it is left.
- `python`: run in this process. All blocks of a page share one namespace, which begins with `spacy`, `spacy_w2v` and
  `texts` (a list of strings). Blocks with `>>>` are doctests, in which digits of floats do not count.
- `ini`: parsed, and the settings of [w2v] checked. A block with a section [nlp] is a whole config: it is saved as
  config.cfg for the blocks that follow, and a pipeline is made of it. A first line `# NAME.cfg` gives another name.
- `python`, `yaml` and `json` blocks, too, are saved if their first line is `# NAME.py`, `# NAME.yml` and so on.
- `yaml`, `json`: parsed. `text` and all others: output, which is not checked.
- Lines that begin with `pip install` are left out.
- A block that cannot run here comes after the line `<!-- not run: the reason -->`. There are few of them.
"""

import doctest
import json
import os
import random
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import spacy
import srsly
from helpers_cli import spacy_command
from helpers_keys import parsed_english
from helpers_material import MATERIAL, articles, bring
from helpers_pages import PAGES, ROOT, RUN_LANGUAGES, Block, blocks_of, is_complete, with_parents
from spacy.tokens import Doc, DocBin
from spacy.training.initialize import init_nlp
from spacy.util import get_sourced_components, load_model_from_config
from thinc.api import Config
from typer.main import get_command

import spacy_w2v
from spacy_w2v.cli import w2v_cli
from spacy_w2v.config._schema import parse_settings

SLOW_PAGES = {
    "README.md",
    "configs/README.md",
    "docs/getting-started.md",
    *(
        f"docs/guides/{name}.md"
        for name in ("corpora", "domains", "evaluating", "gensim", "languages", "phrases", "projects")
    ),
}
"""Pages that take more than ten seconds."""

MOST_NOT_RUN = 16
"""How many blocks may have a reason not to be run."""

RUN = [block for page in PAGES for block in blocks_of(page) if block.language in RUN_LANGUAGES]
CONFIGS = [block for block in RUN if block.language == "ini"]
SET_UP = "python -m venv"
"""How the commands begin that set up a clone. `.ci/run` runs them."""

needs_bash = pytest.mark.skipif(os.name == "nt" or shutil.which("bash") is None, reason="needs bash")


@pytest.fixture(scope="session")
def store(tmp_path_factory):
    return tmp_path_factory.mktemp("material")


@pytest.fixture(scope="session")
def programs(tmp_path_factory):
    """Return a directory with the commands `python` and `spacy` of this interpreter."""
    folder = tmp_path_factory.mktemp("programs")
    python = shlex.quote(sys.executable)
    scripts = {
        "python": f'exec {python} "$@"',
        "spacy": "\n".join(
            [
                "overrides=",
                'case "$1 $2" in',
                "'w2v train') overrides='--w2v.training.workers 1' ;;",
                "train\\ *) grep -qF '[training]' \"$2\" &&",
                "  overrides='--training.max_steps 2 --training.eval_frequency 1' ;;",
                "pretrain\\ *) grep -qF '[pretraining]' \"$2\" && overrides='--pretraining.max_epochs 1' ;;",
                "esac",
                'if [ -n "$overrides" ]; then export SPACY_CONFIG_OVERRIDES="$overrides"; fi',
                f'exec {python} -m spacy "$@"',
            ]
        ),
    }
    for name, script in scripts.items():
        (folder / name).write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        (folder / name).chmod(0o755)
    return folder


@needs_bash
@pytest.mark.parametrize(
    "page", [pytest.param(page, marks=[pytest.mark.slow] if page in SLOW_PAGES else []) for page in PAGES]
)
def test_a_page(page, tmp_path, monkeypatch, store, programs):
    blocks = [block for block in blocks_of(page) if block.language in RUN_LANGUAGES and block.not_run is None]
    monkeypatch.chdir(tmp_path)
    bring(material_of(blocks), tmp_path, store=store)
    namespace = {"__name__": "page", "spacy": spacy, "spacy_w2v": spacy_w2v}
    for block in blocks:
        if block.language == "bash":
            run_commands(block, programs)
        elif block.language == "python":
            run_python(block, namespace)
        save_file(block)


def material_of(blocks: list[Block]) -> list[str]:
    """Return the names of the material that blocks name; folders of several files are named with what is in them."""
    text = "\n".join(block.text for block in blocks)
    folders = {"texts", "data", "configs", "benchmarks", "abstracts", "wikimedia"}
    patterns = {name: rf"(?<![\w/.-]){re.escape(name)}{'/' if name in folders else ''}" for name in MATERIAL}
    names = {name for name, pattern in patterns.items() if re.search(pattern, text)}
    if "spacy project" in text:
        names |= {"project.yml", "configs"}
    if "config.cfg" in names:
        names.add("texts")
    return sorted(names)


def run_commands(block: Block, programs: Path) -> None:
    """Run a block as a shell does. Fails if a command fails."""
    if block.text.startswith(SET_UP):
        assert f"^{SET_UP} .*" in (ROOT / ".ci/run").read_text(encoding="utf-8")
        return
    remove_outputs(block)
    if (commands := spacy_commands(block.text)) is not None:
        for arguments in commands:
            done = spacy_command(*arguments, cwd=Path.cwd(), **overrides_of(arguments))
            assert done.code == 0, f"{block.place} ends with {done.code}\n{done.stdout}\n{done.stderr}"
        return
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", re.sub(r"^pip install .*$", "", block.text, flags=re.MULTILINE)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=600,
        env={**os.environ, "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"},
    )
    assert done.returncode == 0, f"{block.place} ends with {done.returncode}\n{done.stdout}\n{done.stderr}"


def spacy_commands(text: str) -> list[list[str]] | None:
    """Return the arguments of each command if a block has nothing but simple commands of `spacy`, else None.

    Such commands are forked from a process that has imported spaCy, which spares most of their time. `spacy project` is
    not one of them: it takes the working directory at its import.
    """
    text = re.sub(r"(^|\s)#.*", "", text.replace("\\\n", " "))
    if re.search(r"[^\w\s./:=,@+-]", re.sub(r'"[^"$`\\]*"|\'[^\']*\'', "", text)):
        return None
    commands = [shlex.split(line) for line in text.splitlines() if line.strip()]
    forked = all(words[0] == "spacy" and words[1] != "project" for words in commands)
    return [words[1:] for words in commands] if forked else None


def overrides_of(arguments: list[str]) -> dict[str, str]:
    """Return the variable that shortens a command and fixes its number of threads, as the program `spacy` does."""
    name, rest = arguments[0], arguments[1:]
    if arguments[:2] == ["w2v", "train"]:
        overrides = "--w2v.training.workers 1"
    elif name == "train" and "[training]" in Path(rest[0]).read_text(encoding="utf-8"):
        overrides = "--training.max_steps 2 --training.eval_frequency 1"
    elif name == "pretrain" and "[pretraining]" in Path(rest[0]).read_text(encoding="utf-8"):
        overrides = "--pretraining.max_epochs 1"
    else:
        return {}
    return {"SPACY_CONFIG_OVERRIDES": overrides}


def remove_outputs(block: Block) -> None:
    """Remove what the `spacy w2v` commands of a block are about to write. Fails if one has a wrong argument."""
    for name, arguments in w2v_commands(block.text):
        command = get_command(w2v_cli).commands[name]
        with command.make_context(name, list(arguments)) as context:
            outputs = [value for key, value in context.params.items() if key.startswith("output") and value]
            bases = {str(context.params.get(key)) for key in ("base_path", "source", "model_path")}
        for output in map(str, outputs):
            if output == "-" or output in bases or context.params.get("resume"):
                continue
            if Path(output).is_dir():
                shutil.rmtree(output)
            else:
                Path(output).unlink(missing_ok=True)


def w2v_commands(text: str) -> list[tuple[str, list[str]]]:
    """Return the names and arguments of the `spacy w2v` commands in a shell's commands."""
    commands = []
    for line in text.replace("\\\n", " ").splitlines():
        lexer = shlex.shlex(line, posix=True, punctuation_chars="|&;<>()")
        lexer.whitespace_split = True
        words = list(lexer)
        for start in [n for n in range(len(words)) if words[n : n + 2] == ["spacy", "w2v"]]:
            rest = words[start + 2 :]
            end = next((n for n, word in enumerate(rest) if set(word) <= set("|&;<>()")), len(rest))
            if rest[:end] and rest[0] in get_command(w2v_cli).commands and "--help" not in rest[:end]:
                commands.append((rest[0], rest[1:end]))
    return commands


FLOAT = re.compile(r"-?\d+\.\d+(?:e[+-]?\d+)?")


class AnyFloats(doctest.OutputChecker):
    """Compares output without the digits of floats, which differ between processors."""

    def check_output(self, want, got, optionflags):
        return super().check_output(FLOAT.sub("0.0", want), FLOAT.sub("0.0", got), optionflags)


def run_python(block: Block, namespace: dict) -> None:
    if "texts" in block.text:
        namespace.setdefault("texts", list(articles()[:40]))
    if not block.text.lstrip().startswith(">>>"):
        exec(compile("\n" * block.line + block.text, ROOT / block.page, "exec"), namespace)
        return
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    example = doctest.DocTestParser().get_doctest(block.text, namespace, block.place, block.page, block.line)
    example.globs = namespace  # and not a copy, so that later blocks see the names
    report = []
    result = doctest.DocTestRunner(AnyFloats(), optionflags=flags).run(example, out=report.append, clear_globs=False)
    assert result.failed == 0, "".join(report)


def save_file(block: Block) -> None:
    """Write a block to the file that it is: a whole config, or what its first line names."""
    name = re.match(r"(?:#|//) ([\w./-]+\.(?:cfg|py|ya?ml|json))\n", block.text)
    if name is not None:
        Path(name[1]).parent.mkdir(parents=True, exist_ok=True)
        Path(name[1]).write_text(block.text, encoding="utf-8")
    elif block.language == "ini" and is_complete(block.text):
        Path("config.cfg").write_text(block.text, encoding="utf-8")


def test_the_readme_is_short_and_shows_python_early():
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 150
    assert lines.index("```python") < 60


def test_few_blocks_are_not_run():
    reasons = [f"{block.place}: {block.not_run}" for block in RUN if block.not_run is not None]
    assert len(reasons) <= MOST_NOT_RUN, reasons
    assert all(reason.partition(": ")[2] for reason in reasons)


def test_blocks_have_a_language():
    """A block of another language would not be run: "text" is output, "py" a signature of the reference."""
    known = {*RUN_LANGUAGES, "text", "py"}
    assert [block.place for page in PAGES for block in blocks_of(page) if block.language not in known] == []
    pages = {block.page for page in PAGES for block in blocks_of(page) if block.language == "py"}
    assert pages == {"docs/reference/python.md"}


def test_data_is_read():
    for block in RUN:
        if block.language in ("yaml", "json"):
            assert srsly.yaml_loads(block.text) if block.language == "yaml" else json.loads(block.text), block.place


# Configs


def values_of(config):
    for value in config.values():
        yield from values_of(value) if isinstance(value, dict) else [value]


def test_there_are_configs():
    assert len(CONFIGS) >= 7
    assert sum(is_complete(block.text) for block in CONFIGS) >= 4


@pytest.mark.parametrize("block", CONFIGS, ids=lambda block: block.place)
def test_a_config_parses(block):
    text = block.text if is_complete(block.text) else with_parents(block.text)
    config = Config().from_str(text, interpolate=False)
    # A comment behind a value would be taken as part of it.
    values = list(values_of(config))
    assert values
    assert not [value for value in values if isinstance(value, str) and "#" in value]
    settings = {name: without_variables(section) for name, section in config.get("w2v", {}).items()}
    parse_settings(settings)


def without_variables(section):
    """Return a section of a config without the values that another section gives."""
    if not isinstance(section, dict):
        return section
    return {key: without_variables(value) for key, value in section.items() if not str(value).startswith("${")}


CHOOSER = random.Random(0)
TEXTS = [
    " ".join(CHOOSER.choices(["river", *(f"word{letter}" for letter in "abcdefghijklmnop")], k=10)) for _ in range(400)
]
"""Enough for the default settings, by which most of words as frequent as these are left out."""


@pytest.mark.parametrize(
    "block",
    [block for block in CONFIGS if is_complete(block.text) and block.not_run is None],
    ids=lambda block: block.place,
)
@pytest.mark.filterwarnings("ignore:.*W113")  # components that are sourced were trained without vectors
def test_a_whole_config_makes_a_pipeline(block, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("texts").mkdir()
    Path("texts/some.txt").write_text("\n".join(TEXTS) + "\n", encoding="utf-8")
    corpus = DocBin()
    for text in TEXTS[:2]:
        words = text.split()
        corpus.add(Doc(spacy.blank("en").vocab, words=words, tags=["X"] * len(words)))
    for name in ("train", "dev"):
        corpus.to_disk(f"{name}.spacy")

    config = Config().from_str(block.text, interpolate=False)
    sourced = get_sourced_components(config)
    if "en_core_web_sm" in block.text:
        parsed_english()  # skips the test without the package
    if config.get("initialize", {}).get("components", {}).get("w2v", {}).get("path") == "vectors":
        spacy_w2v.train(TEXTS, vector_size=12, workers=1).save("vectors")
    if "training" in config:  # for spacy train
        nlp = init_nlp(config)
    else:
        nlp = load_model_from_config(config, auto_fill=True)
        with nlp.select_pipes(disable=[*sourced]):  # as spacy assemble does
            nlp.initialize()
    assert nlp.pipe_names == config["nlp"]["pipeline"]
    assert nlp("river")[0].has_vector or not nlp.pipe_names
    if "tok2vec" in nlp.pipe_names and "tok2vec" not in sourced:
        assert any(node.name == "static_vectors" for node in nlp.get_pipe("tok2vec").model.walk())


# The runner itself


def test_blocks_are_found():
    page = (
        "# A\n\n<!-- not run: needs\na cluster -->\n\n```bash\nqsub\n```\n"
        "- item\n\n  ```python\n  x = 1\n  ```\n\n````text\n```\n````\n"
    )
    assert blocks_of("a.md", text=page) == [
        Block("a.md", 6, "bash", "qsub\n", "needs a cluster"),
        Block("a.md", 11, "python", "x = 1\n", None),
        Block("a.md", 15, "text", "```\n", None),
    ]


def test_simple_commands_are_found():
    text = 'spacy w2v train a.cfg \\\n  --output x  # it takes "long"\nspacy train b.cfg --nlp.pipeline \'["ner"]\'\n'
    assert spacy_commands(text) == [
        ["w2v", "train", "a.cfg", "--output", "x"],
        ["train", "b.cfg", "--nlp.pipeline", '["ner"]'],
    ]
    for text in (
        "cat a | spacy x",
        "ls\nspacy x",
        "spacy x *.txt",
        'spacy x "$HOME"',
        "spacy x > y",
        "A=1 spacy x",
        "spacy project run all",
    ):
        assert spacy_commands(text) is None


def test_commands_are_found():
    text = "spacy w2v train a.cfg \\\n  --output x  # comment\ncat y | spacy w2v fill-config - > z; spacy w2v --help\n"
    assert w2v_commands(text) == [("train", ["a.cfg", "--output", "x"]), ("fill-config", ["-"])]
