"""The model card of vectors: README.md of a repository on the Hugging Face Hub, with metadata in YAML."""

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from spacy_w2v._system.markdown import plain_text
from spacy_w2v.config._loading import parse_config
from spacy_w2v.evaluation._scores import Scores
from spacy_w2v.keys._resolution import kind_of_words
from spacy_w2v.model._trained import TrainedModel
from spacy_w2v.model._word_vectors import WordVectors
from spacy_w2v.reports._facts import collect_facts, title_of
from spacy_w2v.reports._markdown import make_report

TAGS = ("word-vectors", "word2vec", "static-embeddings", "spacy", "gensim")
"""The tags of every card, by which the Hub finds it."""

N_FREQUENT = 100
"""Words that are too frequent for an example."""

DATASET_READER = "spacy_w2v.Dataset.v1"
_HUB_DATASET = re.compile(r"[\w.-]+/[\w.-]+")


class CardFacts(NamedTuple):
    """What a card says and the vectors do not know."""

    repository: str
    """user/repo."""
    license: str | None = None
    """The Hub's name of a licence, such as "cc-by-sa-4.0"; None to leave it open."""
    tags: Sequence[str] = ()
    """Further tags."""
    datasets: Sequence[str] = ()
    """Names of datasets on the Hub, besides those that the config of the run names."""
    scores: Scores | None = None
    """The scores of the vectors."""
    has_pipeline: bool = False
    """Whether the repository has a spaCy pipeline in the folder spacy."""


def make_model_card(vectors: WordVectors, facts: CardFacts) -> str:
    """Return a model card: metadata, how to load the vectors, and the facts of the report.

    Args:
        vectors: The vectors, with a model or without.
        facts: What else it says.
    """
    title = facts.repository.partition("/")[2]
    parts = [_metadata(vectors, facts), f"# {plain_text(title)}", _introduction(vectors), *_usage(vectors, facts)]
    report = make_report(collect_facts(vectors, scores=facts.scores))
    if sections := report.partition("\n## ")[2].rstrip():  # without its title and introduction
        parts.append(f"## {sections}")
    return "\n\n".join(parts) + "\n"


def datasets_of(model: TrainedModel) -> list[str]:
    """Return the names of the datasets on the Hub that a model was trained on, as far as its config names them."""
    corpus = parse_config(model.config, interpolate=False).get("w2v", {}).get("corpus", {})
    return list(dict.fromkeys(_datasets_in(corpus)))


def _datasets_in(block: object) -> Iterator[str]:
    """Yield the datasets that a block of a config names, at any depth."""
    if not isinstance(block, dict):
        return
    path = block.get("path")
    if block.get("@readers") == DATASET_READER and not block.get("data_files") and isinstance(path, str):
        if _HUB_DATASET.fullmatch(path) and not path.startswith(".") and not Path(path).exists():
            yield path
        return
    for value in block.values():
        yield from _datasets_in(value)


def _metadata(vectors: WordVectors, facts: CardFacts) -> str:
    """Return the metadata between two lines ---. JSON's strings and lists are YAML's, too."""
    known = datasets_of(vectors.model) if vectors.model is not None else []
    values: dict[str, object] = {
        "language": [vectors.lang] if vectors.lang not in (None, "xx") else None,
        "license": facts.license,
        "library_name": "spacy-w2v",
        "tags": list(dict.fromkeys([*TAGS, *_subword_tags(vectors), *facts.tags])),
        "datasets": list(dict.fromkeys([*known, *facts.datasets])),
    }
    lines = (f"{name}: {json.dumps(value, ensure_ascii=False)}" for name, value in values.items() if value)
    return "\n".join(["---", *lines, "---"])


def _subword_tags(vectors: WordVectors) -> tuple[str, ...]:
    """Return the tags of a model with subwords. Without a model, only the vectors of words are sent."""
    mode = None if vectors.model is None else vectors.model.settings.subwords.mode
    return () if mode is None else ("subwords", mode)


def _introduction(vectors: WordVectors) -> str:
    what = f"{len(vectors):,} word vectors of {vectors.vector_size} dimensions"
    model = vectors.model
    if model is None:
        return f"{what}, in a `.safetensors` file with their words beside it."
    corpus = model.record.corpus
    return (
        f"{what}, trained on {corpus.n_tokens:,} tokens of {plain_text(title_of(vectors, model.record))} with "
        "[spacy-w2v](https://github.com/spacy-w2v/spacy-w2v). The words are the tokens of a spaCy pipeline "
        f"(`{kind_of_words(model.record.tokens)}`)."
    )


def _usage(vectors: WordVectors, facts: CardFacts) -> Iterator[str]:
    """Yield the section on how to load the vectors."""
    name = f'"hf:{facts.repository}"'
    yield "## Use"
    if vectors.model is None:
        yield _code("import spacy_w2v", f"vectors = spacy_w2v.open_vectors({name})")
        return
    yield _code(
        "import spacy_w2v",
        "",
        f"model = spacy_w2v.load({name})",
        f'model.most_similar("{_example_word(vectors)}")',
    )
    if vectors.model.subwords is not None:
        yield "A word that the vocabulary lacks has a vector too, which is composed of subwords:"
        yield _code(f'model["{_example_word(vectors)}like"]')
    yield "In spaCy:"
    if facts.has_pipeline:
        yield _code(
            "import spacy",
            "from huggingface_hub import snapshot_download",
            "",
            f'directory = snapshot_download("{facts.repository}", allow_patterns="spacy/*")',
            'nlp = spacy.load(f"{directory}/spacy")',
        )
    else:
        yield _code("nlp = model.to_spacy()")
    yield "In gensim, as `KeyedVectors`:"
    yield _code("keyed_vectors = model.to_keyed_vectors()")


def _example_word(vectors: WordVectors) -> str:
    """Return a word of letters that is not among the most frequent ones, such as "the"."""
    first = min(N_FREQUENT, len(vectors) // 2)
    return next((word for word in vectors.words[first:] if word.isalpha()), "word")


def _code(*lines: str) -> str:
    return "\n".join(["```python", *lines, "```"])
