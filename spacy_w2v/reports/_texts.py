"""Sentences and tables of a report that its three forms share."""

from spacy_w2v.keys._resolution import kind_of_words
from spacy_w2v.model._run_record import EpochResult, RunRecord
from spacy_w2v.reports._facts import ModelFacts

LOSS_CAN_RISE = (
    "The loss of a prediction is measured just after the weights have learned from nearby text. This advantage shrinks "
    "with the learning rate, so the loss that is shown may rise while the vectors get better. Judge them by scores and "
    "neighbours."
)


NO_WARNINGS = "No rule of the inspection warns about these vectors."


def lead(facts: ModelFacts) -> str:
    """Return a sentence on what the vectors are and what they were trained on."""
    vectors, record = facts.vectors, facts.record
    what = f"{len(vectors):,} words in {vectors.vector_size} dimensions"
    if record is None:
        details = [vectors.attr, vectors.lang]
        return f"{what}{_in_brackets(details)}. Nothing is known of their training."
    made = "" if record.created is None else f", made on {record.created[:10]}"
    return (
        f"{what}, trained on {record.corpus.n_tokens:,} tokens by {record.model.architecture} with "
        f"{record.model.loss}{_in_brackets([kind_of_words(record.tokens), record.lang])}{made}."
    )


def _in_brackets(details: list[str | None]) -> str:
    known = [detail for detail in details if detail]
    return f" ({', '.join(known)})" if known else ""


def cards(facts: ModelFacts) -> list[tuple[str, str, str]]:
    """Return the chief numbers: name, value and unit."""
    vectors, record, last = facts.vectors, facts.record, facts.last
    found = [("Words", f"{len(vectors):,}", "")]
    if facts.n_rows != len(vectors):
        found.append(("Vectors", f"{facts.n_rows:,}", ""))
    found.append(("Dimensions", f"{vectors.vector_size:,}", ""))
    if record is not None:
        found.append(("Tokens", short(record.corpus.n_tokens), ""))
        found.append(("Coverage", f"{100 * record.vocabulary.coverage:.1f}", "% of tokens"))
    if last is not None:
        found.append(("Loss", f"{last.loss:.3f}", f"after {last.epoch} epochs" if last.epoch > 1 else "after 1 epoch"))
        found.append(("Speed", short(round(last.words_per_s)), "words/s"))
    return found


def short(number: int) -> str:
    """Return a number with three digits and a letter for thousands, millions or billions."""
    for size, letter in ((10**9, "B"), (10**6, "M"), (10**3, "k")):
        if number >= size * 10 or (number >= size and size > 1000):
            return f"{number / size:.3g} {letter}"
    return f"{number:,}"


def map_note(facts: ModelFacts) -> str:
    """Return what the map shows, and what it does not."""
    if facts.word_map is None:
        return ""
    share = len(facts.word_map.places)
    how = {
        "pca": "the two directions in which they differ most (PCA)",
        "tsne": "a projection that keeps near words together (t\u2011SNE)",
    }[facts.word_map.method]
    which = f"All {share:,} words" if share == len(facts.vectors) else f"The {share:,} most frequent words"
    return (
        f"{which}, by {how}. A plane cannot show {facts.vectors.vector_size} dimensions: near on the map is a hint. "
        "The nearest words beside it are those of the whole table."
    )


def spectrum_note(facts: ModelFacts) -> str:
    """Return how to read the spectrum."""
    inspection = facts.inspection
    if inspection is None or inspection.effective_rank is None:
        return ""
    return (
        "Each bar is the share of the variance along one axis of the table, the largest first. With a few tall bars, "
        f"words differ in a few directions only. Here {inspection.effective_rank:.0f} of {inspection.vector_size} axes "
        "are in use, as the effective rank counts them."
    )


def training_note(facts: ModelFacts) -> str:
    """Return how long training took, and why its loss may rise."""
    last = facts.last
    if last is None:
        return ""
    rises = facts.record is not None and any(
        after.loss > before.loss
        for before, after in zip(facts.record.results[:-1], facts.record.results[1:], strict=True)
    )
    return f"{last.seconds:,.1f} s, {last.words_per_s:,.0f} words/s. {LOSS_CAN_RISE if rises else ''}".rstrip()


def score_names(record: RunRecord | None) -> list[str]:
    """Return the names of the sets that were scored while training."""
    results = [] if record is None else record.results
    return list(dict.fromkeys(name for result in results for name in result.scores or ()))


def epoch_score(result: EpochResult, name: str) -> str:
    """Return the score of an epoch on a set, or a dash."""
    score = (result.scores or {}).get(name)
    return "–" if score is None else f"{score:.3f}"


def epoch_table(facts: ModelFacts) -> list[list[str]]:
    """Return a header and a row for each epoch."""
    results = [] if facts.record is None else facts.record.results
    has_rate = any(result.alpha for result in results)
    names = score_names(facts.record)
    header = ["Epoch", "Loss", "Seconds", "Words/s", *(["Learning rate"] if has_rate else []), *names]
    rows = [
        [
            str(result.epoch),
            f"{result.loss:.4f}",
            f"{result.seconds:,.1f}",
            f"{result.words_per_s:,.0f}",
            *([f"{result.alpha:.5f}"] if has_rate else []),
            *(epoch_score(result, name) for name in names),
        ]
        for result in results
    ]
    return [header, *rows]


def command(config: str) -> str:
    """Return the command that trains the vectors again.

    Args:
        config: The path of the config.
    """
    return f"spacy w2v train {config} -o vectors"


def again_note(record: RunRecord) -> str:
    """Return what else decides the vectors beside the config."""
    training = record.training
    if training.workers == 1:
        bits = "With one worker, the same machine and the same versions give the same bits."
    else:
        bits = "With several workers, vectors differ a little from run to run; with workers = 1 they do not."
    return f"The seed is {training.seed}. {bits}"
