"""Writes the generated pages of docs/reference/ from the code: settings, commands, functions, errors, Python names.

Run it after a change of settings, options, docstrings of public names, or entry points:

    python .ci/reference_pages.py

tests/test_reference.py fails if a page differs from what this makes.
"""

import inspect
import json
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from importlib.metadata import distribution
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from reference_commands import command_pages
from reference_docstrings import Docstring, annotation_text, in_markdown, parse
from reference_settings import setting_entries
from spacy.language import Language

import spacy_w2v
from spacy_w2v import errors
from spacy_w2v.pipeline._component import Word2VecComponent

REFERENCE = Path(__file__).parent.parent / "docs/reference"

GENERATED = "<!-- Written by .ci/reference_pages.py: change the code, and run it again. -->\n\n"

CONFIG_INTRODUCTION = """\
# Configuration

A config for `spacy w2v train` is a spaCy config with a section `[w2v]`. `spacy w2v init-config` makes one, and
`spacy w2v fill-config` adds the settings that a config lacks, with their defaults. Each setting can be overridden on
the [command line](command-line.md), by its section and name:

```bash
spacy w2v train config.cfg --output vectors --w2v.model.vector_size 300
```

In Python, settings are keyword arguments of [`train`](python.md#train): `vector_size=300`.

The names, meanings and defaults of hyperparameters are those of gensim's `Word2Vec`. `null` is Python's `None`.

| section | what it sets |
|---|---|
| `[nlp]` | the language and the tokenizer, as in every spaCy config |
| [`[w2v.corpus]`](#w2vcorpus) | the texts to train on |
"""

CORPUS = """
## w2v.corpus

A registered function that reads texts. Its arguments are on the page [Registered functions](registered.md):

"""

LOGGER = """
### logger

A registered function that logs each epoch, as the section `[w2v.training.logger]`. By default there is none.

All loggers for `[training.logger]` of spaCy fit: `spacy.ConsoleLogger.v3` prints a table, and writes JSON lines with
`output_file`. The package [spacy-loggers](https://github.com/explosion/spacy-loggers) has loggers for services, such as
`spacy.WandbLogger.v5` and `spacy.MLflowLogger.v2`; these also need the package of the service.

[`spacy_w2v.TensorBoard.v1`](registered.md#spacy_w2vtensorboardv1) writes the events that TensorBoard shows. To call
several loggers, use `spacy.ChainLogger.v1` of spacy-loggers.

The logger sees each epoch as a step, and each point within an epoch that `every_words` asks for. The loss is that of a
component named `w2v`. If vectors are [scored](#w2vevaluation), the score is the one that decides which are best;
otherwise it is the loss with its sign changed. `other_scores` has the score of each set of word pairs, `speed` (words
per second), and after an epoch `learning_rate` and `n_pairs`. The config that it gets has `[nlp]`, `[w2v]`, and
`[training]` with `max_steps` and `score_weights`. If the logger fails, training continues.
"""

EXAMPLES = {
    "spacy_w2v.Dataset.v1": '[w2v.corpus]\n@readers = "spacy_w2v.Dataset.v1"\ndata_files = "texts/*.txt"\n',
    "spacy_w2v.DocBin.v1": '[w2v.corpus]\n@readers = "spacy_w2v.DocBin.v1"\npath = "annotated"\n',
    "spacy_w2v.GensimWiki.v1": '[w2v.corpus]\n@readers = "spacy_w2v.GensimWiki.v1"\n',
    "spacy_w2v.StandardInput.v1": '[w2v.corpus]\n@readers = "spacy_w2v.StandardInput.v1"\n',
    "spacy_w2v.Concatenate.v1": """\
[w2v.corpus]
@readers = "spacy_w2v.Concatenate.v1"

[w2v.corpus.sources]

[w2v.corpus.sources.news]
@readers = "spacy_w2v.Dataset.v1"
data_files = "texts/*.txt"

[w2v.corpus.sources.wiki]
@readers = "spacy_w2v.GensimWiki.v1"
""",
    "spacy_w2v.Interleave.v2": """\
[w2v.corpus]
@readers = "spacy_w2v.Interleave.v2"
seed = 0
stop = "all_exhausted_without_replacement"

[w2v.corpus.sources]

[w2v.corpus.sources.news]
@readers = "spacy_w2v.Dataset.v1"
data_files = "texts/*.txt"

[w2v.corpus.sources.wiki]
@readers = "spacy_w2v.GensimWiki.v1"

[w2v.corpus.weights]
news = 3
wiki = 1
""",
    "spacy_w2v.DatasetCorpus.v1": """\
[corpora.pretrain]
@readers = "spacy_w2v.DatasetCorpus.v1"
data_files = "texts/*.txt"
max_length = 500
""",
    "spacy_w2v.train_vectors.v1": """\
[initialize.before_init]
@callbacks = "spacy_w2v.train_vectors.v1"
output = "vectors"
""",
    "spacy_w2v.load_vectors.v2": """\
[initialize.before_init]
@callbacks = "spacy_w2v.load_vectors.v2"
path = "vectors"
""",
    "spacy_w2v.TensorBoard.v1": """\
[w2v.training.logger]
@loggers = "spacy_w2v.TensorBoard.v1"
log_dir = "runs/first"
""",
    "phrases": '[components.phrases]\nfactory = "phrases"\nmerge = true\n',
    "w2v": '[components.w2v]\nfactory = "w2v"\npooling = "sif"\nmax_edits = 1\n',
}
"""Blocks of a config with the arguments that are usual, by the name of the function."""

GROUPS = {
    "spacy_readers": ("Readers", "Functions for `@readers`, which read texts in `[w2v.corpus]` or in `[corpora]`."),
    "spacy_misc": (
        "Keys",
        "Functions for `@misc` in `[w2v.tokens.keys]`, which make the keys of tokens and phrases from what a pipeline "
        "knows of them.",
    ),
    "spacy_callbacks": (
        "Callbacks",
        "Functions for `@callbacks` in `[initialize.before_init]`, which give a pipeline its vectors.",
    ),
    "spacy_loggers": (
        "Loggers",
        "Functions for `@loggers` in `[w2v.training.logger]`, or in `[training.logger]` of any spaCy config.",
    ),
    "spacy_factories": ("Components", "The factories for `[components]` and `nlp.add_pipe`."),
}

REGISTERED_INTRODUCTION = """\
# Registered functions

spaCy finds these functions when the package is installed. A config names them by `@readers`, `@callbacks`, `@loggers`
or `factory`.
A name never changes its meaning: a new behaviour gets a new version.
"""

ERRORS_INTRODUCTION = """\
# Errors and warnings

Every error that wrong input can cause is a `Word2VecError`. Its text says which rule is broken, which value was found,
and what to do. The commands print the text and end with [exit code](command-line.md#exit-codes) 1. All classes are in
`spacy_w2v` and in `spacy_w2v.errors`.

"""

PYTHON_INTRODUCTION = """\
# Python

What `import spacy_w2v` offers is public; all other modules are private. [Errors and warnings](errors.md) have a page of
their own. Names are imported when they are first used, so `import spacy_w2v` is fast.
"""

OWN_READERS = """
## Functions of your own

A reader of your own is a function that is registered in spaCy's `readers` and returns an object with `name`,
`fingerprint()` and `batches()`, as [Extending](../contributing/extending.md) describes. Name the Python file that
registers it with the option `--code` of the commands.
"""

PYTHON_GROUPS = {
    "Train and load": ("train", "load", "from_gensim", "Word2Vec", "Callback"),
    "Vectors of any program": (
        *("open_vectors", "evaluate", "Scores", "compare", "Comparison", "inspect_vectors", "Inspection"),
        *("prune_vectors", "WordVectors"),
    ),
    "Texts": ("dataset", "docbin", "gensim_wiki", "standard_input", "concatenate", "interleave", "tokenize"),
    "Phrases": ("find_phrases", "open_phrases", "PhraseTable"),
}

MEMBERS = {
    "Word2Vec": [
        *("words", "vector_size", "attr", "input_vectors", "output_vectors", "vectors", "rank", "most_similar"),
        *("similarity", "n_similarity", "doesnt_match", "wv", "senses", "best_sense", "other_senses"),
        *("predict_context", "score", "word_vectors", "settings", "meta", "to_spacy", "to_keyed_vectors", "to_gensim"),
        "save",
    ],
    "WordVectors": [
        "words",
        "matrix",
        "counts",
        "vector_size",
        "most_similar",
        "similarity",
        "n_similarity",
        "doesnt_match",
        *("senses", "best_sense", "other_senses", "all_senses"),
    ],
    "Callback": [
        *("on_message", "on_encoding", "on_corpus", "on_vocabulary", "on_counting", "on_resume", "on_progress"),
        *("on_scores", "on_epoch_end", "on_train_end", "on_analogies", "close"),
    ],
    "Scores": ["word_pairs", "analogies", "by_name", "to_dict", "from_dict"],
    "Comparison": ["vectors", "scores", "measures", "to_dict", "to_text", "to_markdown"],
}
"""The public attributes and methods of the classes. All others are for the package itself."""

REMEDIES = {
    "ClusterError": "Check the address, or the machine that the message names. A stopped run can be resumed.",
    "ConfigError": "Change the setting or argument that the message names. It gives the rule and the value.",
    "CorpusError": "Check the path, the format and `text_field`. The message names the file, and if possible the line.",
    "StorageError": "Check the path, the rights and the free space. If a file is damaged, restore it, or train again.",
    "TrainingError": "Lower the learning rate `alpha`, and resume from the checkpoint of the last good state.",
    "UnknownWordError": "Look words up with `word in model` first. The message has similar words of the vocabulary.",
    "ConfigWarning": "Rename the setting as the message says. Until then the old name is read.",
    "CorpusWarning": "Check the texts that the message counts. Nothing needs to be done if they may be missing.",
}
"""What to do about each error and warning."""


def config_page() -> str:
    """Return the page of all settings, section by section."""
    entries = setting_entries()
    rows = "".join(f"| [`[{name}]`](#{name.replace('.', '')}) | {purpose} |\n" for name, purpose, _ in entries)
    readers = "".join(
        f"- [`{entry.name}`](registered.md#{_anchor(entry.name)}): {_docstring(entry.load()).summary}\n"
        for entry in _entry_points("spacy_readers")
        if entry.name != "spacy_w2v.DatasetCorpus.v1"
    )
    page = [GENERATED, CONFIG_INTRODUCTION, rows, CORPUS, readers]
    for name, purpose, settings in entries:
        page.append(f"\n## {name}\n\n{purpose[0].upper()}{purpose[1:]}.\n")
        page += [f"\n### {setting}\n\n{text}" for setting, text in settings]
        page += [LOGGER] if name == "w2v.training" else []
    return "".join(page)


def registered_page() -> str:
    """Return the page of all functions that the package registers with spaCy."""
    page = [
        GENERATED,
        REGISTERED_INTRODUCTION,
    ]
    for group, (title, introduction) in GROUPS.items():
        page.append(f"\n## {title}\n\n{introduction}\n")
        for entry in _entry_points(group):
            factory = group == "spacy_factories"
            text = _function(
                entry.load(),
                example=EXAMPLES.get(entry.name),
                leave_out=("nlp", "name") if factory else (),
                defaults=Language.get_factory_meta(entry.name).default_config if factory else None,
            )
            page.append(f"\n### {entry.name}\n\n{text}")
    page.append("\n### initialize.components.w2v\n\nThe settings of `[initialize.components.w2v]`.\n\n")
    page.append(_function(Word2VecComponent.initialize, leave_out=("self", "get_examples", "nlp")))
    return "".join([*page, OWN_READERS])


def _function(
    function: Callable[..., object],
    *,
    example: str | None = None,
    leave_out: tuple[str, ...] = (),
    defaults: dict[str, object] | None = None,
) -> str:
    """Return the description, an example and the arguments of a function that a config names.

    defaults: values by name, for a function whose defaults spaCy has.
    """
    docstring, rows = _docstring(function), []
    is_dataset = "data_files" in inspect.signature(function).parameters  # a corpus of examples takes these too
    texts = {**(_docstring(spacy_w2v.dataset).arguments if is_dataset else {}), **docstring.arguments}
    for name, parameter in inspect.signature(function).parameters.items():
        if name in leave_out:
            continue
        value = (defaults or {}).get(name, parameter.default)
        default = "Required." if value is parameter.empty else _default_of(value)
        text = in_markdown(texts.get(name, ""))
        kind = annotation_text(parameter.annotation)
        rows.append(f"| `{name}` | {text} Type: {kind}. {default} |\n")
    block = f"\n```ini\n{example}```\n" if example else ""
    table = "\n| argument | description |\n|---|---|\n" + "".join(rows) if rows else ""
    return f"{docstring.description}\n{block}{table}"


def _default_of(value: object) -> str:
    return f"Default: `{json.dumps(value)}`."


def python_page() -> str:
    """Return the page of the Python interface, with a directive of mkdocstrings for each name."""
    listed = {name for names in PYTHON_GROUPS.values() for name in names} | set(errors.__all__)
    assert listed == set(spacy_w2v.__all__), listed ^ set(spacy_w2v.__all__)
    page = [
        GENERATED,
        PYTHON_INTRODUCTION,
    ]
    for title, names in PYTHON_GROUPS.items():
        page.append(f"\n| {title.lower()} | what it does |\n|---|---|\n")
        for name in names:
            page.append(f"| [`{name}`](#{name.lower()}) | {_docstring(getattr(spacy_w2v, name)).summary} |\n")
    for title, names in PYTHON_GROUPS.items():
        page.append(f"\n## {title}\n")
        page += [f"\n### {name}\n\n{_signature(name)}\n::: spacy_w2v.{name}\n{_options(name)}" for name in names]
    return "".join(page)


def _signature(name: str) -> str:
    """Return how a function is called, as a block of code, or nothing for a class."""
    value = getattr(spacy_w2v, name)
    if isinstance(value, type):
        return ""
    parameters = inspect.signature(value).parameters.values()
    shown = [str(p.replace(annotation=inspect.Parameter.empty)) for p in parameters]
    first = next((n for n, p in enumerate(parameters) if p.kind is p.KEYWORD_ONLY), None)
    if first is not None:
        shown.insert(first, "*")
    line = f"spacy_w2v.{name}({', '.join(shown)})"
    if len(line) > 80:
        line = f"spacy_w2v.{name}(\n" + "".join(f"    {each},\n" for each in shown) + ")"
    return f"```py\n{line}\n```\n"


def _options(name: str) -> str:
    """Return the options of the directive of a class: the members that users need."""
    if name not in MEMBERS:
        return ""
    members = "".join(f"        - {member}\n" for member in MEMBERS[name])
    return f"    options:\n      heading_level: 4\n      inherited_members: true\n      members:\n{members}"


def errors_page() -> str:
    """Return the page of errors and warnings: their tree, when they come, and what to do."""
    tree = inspect.cleandoc(errors.__doc__ or "").split("\n\n")
    drawn = next(block for block in tree if block.startswith("    "))
    page = [
        GENERATED,
        ERRORS_INTRODUCTION,
        f"```text\n{inspect.cleandoc(drawn)}\n```\n",
        f"\n{tree[-1]}\n",
    ]
    for name in errors.__all__:
        description = _docstring(getattr(errors, name)).description
        remedy = f"\n**What to do:** {REMEDIES[name]}\n" if name in REMEDIES else ""
        page.append(f"\n## {name}\n\n{description}\n{remedy}")
    return "".join(page)


def _entry_points(group: str) -> Iterator:
    return iter(sorted((e for e in distribution("spacy-w2v").entry_points if e.group == group), key=lambda e: e.name))


def _docstring(documented: object) -> Docstring:
    return parse(inspect.getdoc(documented) or "")


def _anchor(name: str) -> str:
    return name.lower().replace(".", "")


PAGES: dict[str, Callable[[], str]] = {
    "config.md": config_page,
    "command-line.md": lambda: GENERATED + command_pages(import_module("spacy_w2v.cli").w2v_cli),
    "registered.md": registered_page,
    "python.md": python_page,
    "errors.md": errors_page,
}


def main() -> None:
    """Write all pages."""
    REFERENCE.mkdir(parents=True, exist_ok=True)
    for name, make in PAGES.items():
        (REFERENCE / name).write_text(make(), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
