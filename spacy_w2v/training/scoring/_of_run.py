"""The scores of one run: created from its settings and its checkpoint, described, and completed after training."""

from collections.abc import Iterator

from spacy_w2v._arrays import Parameters
from spacy_w2v.config._evaluation import EvaluationSettings
from spacy_w2v.config._schema import W2VSettings
from spacy_w2v.formats._word2vec import Word2Vec
from spacy_w2v.model._evaluation_record import EvaluationSummary, ScorePoint
from spacy_w2v.model._mean_matrix import matrix_of_kind
from spacy_w2v.objectives._input_rows import INPUT
from spacy_w2v.objectives._registry import objective_of
from spacy_w2v.training._plan import Plan
from spacy_w2v.training._stages import Built, Prepared
from spacy_w2v.training.callbacks._callback import Callback
from spacy_w2v.training.scoring._points import ScoringPoints
from spacy_w2v.training.scoring._scoring import Scoring, best_of
from spacy_w2v.training.scoring._sets import load_analogies, score_all_analogies


def make_scoring(
    settings: W2VSettings, prepared: Prepared, built: Built, *, parameters: Parameters, plan: Plan
) -> Scoring | None:
    """Return the scoring of a run, with the scores of its checkpoint; None if its vectors are not scored.

    Args:
        settings: The settings of the run.
        prepared: The scorers, and the checkpoint to resume from.
        built: The weights, with those of the checkpoint.
        parameters: The weights without padding.
        plan: The plan of the run.
    """
    if not prepared.scorers:
        return None
    history: list[ScorePoint] = []
    best_weights = None
    if (resume_from := prepared.resume_from) is not None:
        history = resume_from.progress.scores
        best = best_of(history)
        is_earlier = best is not None and best.n_tasks_done != resume_from.n_tasks_done
        if settings.evaluation.select == "best" and is_earlier:
            best_weights = resume_from.best_weights(objective_of(settings.model).trained_shapes(prepared.inputs))
    inputs, kind = prepared.inputs, settings.export.vector_kind
    words = inputs.of_words(built.parameters[inputs.parameter], vector_size=settings.model.vector_size)
    return Scoring(
        settings.evaluation,
        prepared.scorers,
        parameters=parameters,
        matrix=words if kind == INPUT else matrix_of_kind(parameters, kind),
        points=ScoringPoints(plan, settings.evaluation.every_words),
        history=history,
        best_weights=best_weights,
    )


def outcome(
    scoring: Scoring | None, settings: W2VSettings, callback: Callback
) -> tuple[EvaluationSummary | None, Parameters | None]:
    """Return the scores after training, and the weights that they selected, None for the last ones.

    Args:
        scoring: The scores; None if vectors were not scored.
        settings: The settings of the run.
        callback: Receives a message if training ended early, or if the weights are not the last ones.
    """
    if scoring is None:
        return None, None
    summary = scoring.summary()
    for text in _describe(summary, settings.evaluation, epochs=settings.training.epochs):
        callback.on_message(text)
    return summary, scoring.selected_weights


def _describe(summary: EvaluationSummary, settings: EvaluationSettings, *, epochs: int) -> Iterator[str]:
    """Yield sentences about what followed from the scores of a run.

    Args:
        summary: The scores.
        settings: The settings.
        epochs: Number of planned epochs.
    """
    last, best = summary.history[-1] if summary.history else None, summary.best
    if summary.stopped_by is not None and last is not None:
        than = f"better than that {_place(best)}" if best is not None else "defined"
        n = settings.patience
        none = "the last score was not" if n == 1 else f"none of the last {n} scores was"
        yield f"Training ended {_place(last)} of {epochs}: {none} {than}"
    if summary.vectors_of is not None and summary.vectors_of != last:
        yield f"The vectors are those {_place(summary.vectors_of)}, with the best score: {summary.vectors_of.score:.4f}"


def _place(point: ScorePoint) -> str:
    if point.ends_epoch:
        return f"after epoch {point.epoch}"
    return f"after {point.n_tokens:,} words, in epoch {point.epoch}"


def score_analogies_of(model: Word2Vec, settings: EvaluationSettings, callback: Callback) -> None:
    """Score a trained model on the analogies of the settings, note the scores in its record, and report them.

    Args:
        model: The model, with its record.
        settings: The settings.
        callback: Receives the scores.
    """
    if not settings.analogies:
        return
    scores = score_all_analogies(model.word_vectors(), load_analogies(settings))
    found = {name: score.model_dump() for name, score in scores.items()}
    record = model.record
    record.evaluation = record.evaluation.model_copy(update={"analogy_scores": found})
    callback.on_analogies(scores)
