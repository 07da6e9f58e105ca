"""The report in Markdown: corpus, training, scores, neighbours, and how to make the vectors again."""

from spacy_w2v._system.markdown import MARKUP, plain_text
from spacy_w2v._system.terminal import shown
from spacy_w2v.evaluation._scores import describe_composed, interval_rows
from spacy_w2v.inspection._table import fact_rows
from spacy_w2v.reports import _texts as texts
from spacy_w2v.reports._facts import ModelFacts

N_NEIGHBOURS = 5
"""Neighbours of each word in the tables."""

TEMPLATE = """\
# Word vectors: {{ title | text }}

{{ texts.lead(facts) | text }}
{% if facts.inspection is not none %}

{% for finding in facts.inspection.warnings %}
- **{{ finding.text | text }}** {{ finding.remedy | text }}
{% else %}
{{ texts.NO_WARNINGS }}
{% endfor %}
{% endif %}
{% if record is not none %}

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
{% for name, value in facts.settings() %}
| {{ name | text }} | {{ value | code }} |
{% endfor %}

{% if record.results %}
{{ texts.training_note(facts) }}
{% elif record.unfinished is not none %}
A checkpoint, of the first epoch.
{% else %}
Trained by another program.
{% endif %}

| Epoch | Loss |{% if has_rate %} Learning rate |{% endif %}\
{% for name in score_names %} {{ name | text }} |{% endfor %}

| --- | --- |{% if has_rate %} --- |{% endif %}{% for name in score_names %} --- |{% endfor %}

{% for epoch in record.results %}
| {{ epoch.epoch }} | {{ "%.4f" % epoch.loss }} |{% if has_rate %} {{ "%.5f" % epoch.alpha }} |{% endif %}\
{% for name in score_names %} {{ texts.epoch_score(epoch, name) }} |{% endfor %}

{% endfor %}
{% endif %}
{% if facts.scores is not none %}

## Scores

| Set | Measure | Score | Questions | 95 % interval |
| --- | --- | --- | --- | --- |
{% for set, measure, score, n_questions, interval in scores %}
| {{ set | text }} | {{ measure }} | {{ score }} | {{ n_questions }} | {{ interval }} |
{% endfor %}
{% for sentence in composed %}

{{ sentence | text }}
{% endfor %}
{% endif %}
{% if facts.groups %}

## Neighbours
{% for group in facts.groups %}

### {{ group.name }}

| Word | Nearest words |
| --- | --- |
{% for entry in group.words %}
| {{ entry.word | text }} | \
{% for near, similarity in entry.nearest[:n_neighbours] %}
{{ near | text }} {{ "%.2f" % similarity }}{{ "" if loop.last else ", " }}\
{% endfor %}
 |
{% endfor %}
{% endfor %}
{% endif %}
{% if facts.inspection is not none %}

## The table

| Fact | Value | Note |
| --- | --- | --- |
{% for row in inspection_rows %}
| {{ row.name }} | {{ row.value | text }} | {{ row.note | text }} |
{% endfor %}
{% endif %}
{% if record is not none %}

## Make it again

{{ texts.again_note(record) }}

| Package | Version |
| --- | --- |
{% for name, version in record.versions.items() %}
| {{ name | text }} | {{ version | string | code }} |
{% endfor %}
{% endif %}
"""
"""A Jinja template. The filters `text` and `code` escape words, names and settings; `number` adds commas."""


def make_report(facts: ModelFacts) -> str:
    """Return the report in Markdown."""
    from jinja2 import Environment

    environment = Environment(trim_blocks=True, keep_trailing_newline=True)  # Markdown, which `text` escapes
    environment.filters |= {"text": plain_text, "code": _code, "number": "{:,}".format}
    record = facts.record
    return environment.from_string(TEMPLATE).render(
        facts=facts,
        texts=texts,
        title=facts.title,
        record=record,
        score_names=texts.score_names(record),
        has_rate=record is not None and (not record.results or any(result.alpha for result in record.results)),
        scores=[] if facts.scores is None else interval_rows(facts.scores),
        composed=[] if facts.scores is None else describe_composed(facts.scores),
        inspection_rows=[] if facts.inspection is None else fact_rows(facts.inspection),
        n_neighbours=N_NEIGHBOURS,
    )


def _code(text: str) -> str:
    return plain_text(text) if MARKUP.search(text) or not text else f"`{shown(text)}`"
