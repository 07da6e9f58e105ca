"""A short report on a model in Markdown: corpus, training, scores and neighbours."""

import re
from collections.abc import Iterator, Sequence

from spacy_w2v._system.terminal import shown
from spacy_w2v.evaluation._scores import Scores, score_rows
from spacy_w2v.model._trained import TrainedModel

N_NEIGHBOURS = 5
N_WORDS = 5

ENGLISH_WORDS = ("french", "king", "city", "war", "computer")
"""Words whose neighbours are shown by default in an English report."""

_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_MARKUP = re.compile(r"[\\`*{}\[\]()<>#|~&!$@]|(?<![^\W_])_|_(?![^\W_])|(?<=www)\.|:(?=//)", re.IGNORECASE)
"""Characters with a meaning in Markdown, and those that turn text into links."""

MIN_RANK = 100
"""Rank of the first word that may be shown. More frequent words, such as "the" or ",", say little about a text."""


TEMPLATE = """\
# Word vectors: {{ record.corpus.source | text }}

{{ n_words | number }} words in {{ vector_size }} dimensions, trained on {{ record.corpus.n_tokens | number }} tokens \
({{ attr | text }}, {{ record.lang | text }}).

## Corpus

|  |  |
| --- | --- |
| Documents | {{ record.corpus.n_documents | number }} |
| Tokens | {{ record.corpus.n_tokens | number }} |
| Types | {{ record.corpus.n_types | number }} |
| Words kept | {{ record.vocabulary.n_words | number }} |
| Tokens covered | {{ "%.1f%%" % (100 * record.vocabulary.coverage) }} |

## Training

| Setting | Value |
| --- | --- |
{% for name, value in settings %}
| {{ name | text }} | {{ value | code }} |
{% endfor %}

{% if record.results %}
{{ "%.1f" % record.results[-1].seconds }} s, {{ record.results[-1].words_per_s | round | int | number }} words/s.
{% elif record.unfinished is not none %}
A checkpoint, of the first epoch.
{% else %}
Trained by another program.
{% endif %}

| Epoch | Loss |{% if has_rate %} Learning rate |{% endif %}

| --- | --- |{% if has_rate %} --- |{% endif %}

{% for epoch in record.results %}
| {{ epoch.epoch }} | {{ "%.4f" % epoch.loss }} |{% if has_rate %} {{ "%.5f" % epoch.alpha }} |{% endif %}

{% endfor %}
{% if scores is not none %}

## Scores

| Set | Measure | Score | Questions |
| --- | --- | --- | --- |
{% for set, measure, score, n_questions in scores %}
| {{ set | text }} | {{ measure }} | {{ score }} | {{ n_questions }} |
{% endfor %}
{% endif %}
{% if neighbours %}

## Neighbours

| Word | Nearest words |
| --- | --- |
{% for word, nearest in neighbours %}
| {{ word | text }} | \
{% for near, similarity in nearest %}
{{ near | text }} {{ "%.2f" % similarity }}{{ "" if loop.last else ", " }}\
{% endfor %}
 |
{% endfor %}
{% endif %}
"""
"""A Jinja template. The filters `text` and `code` escape words, names and settings; `number` adds commas."""


def make_report(model: TrainedModel, *, scores: Scores | None, words: list[str]) -> str:
    """Return the report.

    Args:
        model: The model.
        scores: The scores of the model; None for a report without scores.
        words: Words whose neighbours to show; unknown words are ignored. If empty, some English words, or in other
            languages some frequent words.
    """
    from jinja2 import Environment

    environment = Environment(trim_blocks=True, keep_trailing_newline=True)  # Markdown, which `text` escapes
    environment.filters |= {"text": plain_text, "code": _code, "number": "{:,}".format}
    known = [word for word in words or _words_to_show(model) if word in model]
    return environment.from_string(TEMPLATE).render(
        record=model.record,
        n_words=len(model),
        vector_size=model.vector_size,
        attr=model.attr,
        has_rate=not model.record.results or any(result.alpha for result in model.record.results),
        settings=[(name, str(value)) for name, value in _settings_of(model)],
        scores=None if scores is None else score_rows(scores),
        neighbours=[(word, model.most_similar(word, topn=N_NEIGHBOURS)) for word in known],
    )


def _settings_of(model: TrainedModel) -> Iterator[tuple[str, object]]:
    """Yield the settings of the model, of counting if it learned from counts, and of training.

    They end with what the vector of a word is, unless that is its input vector.
    """
    record = model.record
    yield from record.model
    if model.objective.spec.counts_cooccurrences:
        yield from record.cooccurrence
    yield from record.training
    if record.export.vector_kind != "input":
        yield "vector_kind", record.export.vector_kind
    if record.postprocessing is not None:
        yield from record.postprocessing.settings().items()


def _words_to_show(model: TrainedModel) -> Sequence[str]:
    if model.record.lang == "en":
        return ENGLISH_WORDS
    return [word for word in model.words[MIN_RANK:] if word.isalpha()][:N_WORDS]


def plain_text(text: str) -> str:
    """Return Markdown that shows a word, name or setting unchanged, without links, images or HTML."""
    return _MARKUP.sub(lambda match: _ENTITIES.get(match[0], f"\\{match[0]}"), shown(text))


def _code(text: str) -> str:
    return plain_text(text) if _MARKUP.search(text) or not text else f"`{shown(text)}`"
