"""What a run prepares before anything is learned: words, the vectors to start from, learning rates, memory."""

from spacy_w2v._system.memory import available_memory
from spacy_w2v.config._schema import W2VSettings, starting_alpha
from spacy_w2v.corpus._store import Corpus
from spacy_w2v.errors import TrainingError
from spacy_w2v.model._run_record import LearningRate
from spacy_w2v.model._vocabulary import build_vocabulary
from spacy_w2v.model._word_vectors import WordVectors
from spacy_w2v.training._checkpoint import Checkpoint, CheckpointPlace, corpus_identity
from spacy_w2v.training._stages import Prepared
from spacy_w2v.training._start import match
from spacy_w2v.training.callbacks._callback import Callback


def choose_words(
    settings: W2VSettings,
    corpus: Corpus,
    *,
    initial: WordVectors | None,
    checkpoint: CheckpointPlace | None,
    earlier: Checkpoint | None,
) -> Prepared:
    """Choose the words of a corpus, and match the vectors to start from.

    Args:
        settings: Of the run.
        corpus: The corpus.
        initial: The vectors to start from.
        checkpoint: Where the state of the run is kept.
        earlier: The state to resume from.

    Returns:
        All that is known before anything is learned.

    Raises:
        ConfigError: If the state to resume from is of other texts or vectors.
        CorpusError: If no word is left.
    """
    keep = initial.rows_by_key(settings.tokens.attr) if initial and settings.initial.keep_words else ()
    vocabulary, word_of_type = build_vocabulary(
        corpus.read_types(),
        n_type_ids=corpus.n_type_ids,
        min_count=settings.vocabulary.min_count,
        max_final_vocab=settings.vocabulary.max_final_vocab,
        keep=keep,
    )
    start = None
    if initial is not None:
        start = match(initial, vocabulary, attr=settings.tokens.attr, model=settings.model)
    identity = None
    if checkpoint is not None:
        digest = start.digest() if start is not None else None
        identity = corpus_identity(corpus, vocabulary, word_of_type, initial=digest)
        if earlier is not None:
            earlier.check_corpus(identity)
    return Prepared(
        corpus, vocabulary, word_of_type, start=start, checkpoint=checkpoint, earlier=earlier, identity=identity
    )


def learning_rates(settings: W2VSettings, prepared: Prepared, callback: Callback) -> list[LearningRate]:
    """Return the learning rate as the run began, and each change since; report the one that comes now."""
    training, earlier = settings.training, prepared.earlier
    alpha = starting_alpha(settings.model, training)
    n_tasks_done = earlier.n_tasks_done if earlier is not None else 0
    now = LearningRate(n_tasks_done=n_tasks_done, alpha=alpha, min_alpha=training.min_alpha)
    if earlier is None:
        return [now]
    callback.on_message(f"Resuming from {earlier.path}, which is in epoch {earlier.epoch} of {training.epochs}")
    if unknown := earlier.progress.settings.unknown():
        callback.on_message(f"Settings of a newer version have no effect from here on: {', '.join(unknown)}")
    changes = earlier.learning_rates[-1].changes(now)
    if not changes:
        return earlier.learning_rates
    callback.on_message(f"The learning rate changes here: {'; '.join(changes)}")
    return [*earlier.learning_rates, now]


def check_memory(n_bytes: int, *, n_words: int, vector_size: int) -> None:
    """Raise TrainingError if the weights alone are larger than this machine's memory."""
    memory = available_memory()
    if memory is not None and n_bytes > memory:
        raise TrainingError(
            f"The weights must fit into memory, {memory / 1e9:.1f} GB, but {n_words} words of {vector_size} dimensions "
            f"take {n_bytes / 1e9:.1f} GB. Raise min_count, or lower max_final_vocab or vector_size."
        )
