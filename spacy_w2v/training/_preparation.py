"""The preparation of a run before training: vocabulary, initial vectors, work items and learning rates."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from spacy_w2v._system.cores import available_cores
from spacy_w2v._system.memory import release_free_memory
from spacy_w2v.config._distributed import DistributedSettings
from spacy_w2v.config._schema import W2VSettings, ending_alpha, starting_alpha
from spacy_w2v.cooccurrence._cache import counted
from spacy_w2v.corpus._store import Corpus
from spacy_w2v.model._run_record import LearningRate
from spacy_w2v.model._vocabulary import build_vocabulary
from spacy_w2v.model._word_vectors import WordVectors
from spacy_w2v.objectives._input_rows import make_input_rows
from spacy_w2v.objectives._registry import objective_of
from spacy_w2v.objectives._subsampling import keep_probabilities
from spacy_w2v.training._checkpoint import Checkpoint, CheckpointDirectory, corpus_identity
from spacy_w2v.training._stages import Prepared
from spacy_w2v.training._start import match
from spacy_w2v.training._state import no_pairs
from spacy_w2v.training._subword_start import known_buckets
from spacy_w2v.training._work_items import CellBatches, CorpusChunks, WholeMatrix, WorkItems
from spacy_w2v.training.callbacks._callback import Callback
from spacy_w2v.training.scoring._sets import ScoringSets


def choose_words(
    settings: W2VSettings,
    corpus: Corpus,
    *,
    initial: WordVectors | None,
    checkpoint: CheckpointDirectory | None,
    resume_from: Checkpoint | None,
) -> Prepared:
    """Choose the vocabulary of a corpus, and find the words of the initial vectors and of the word pairs in it.

    Args:
        settings: The settings of the run.
        corpus: The corpus.
        initial: The vectors to start from, if any.
        checkpoint: The directory for checkpoints, if any.
        resume_from: The checkpoint to resume from, if any.

    Raises:
        ConfigError: The checkpoint has other texts, initial vectors or word pairs.
        CorpusError: No word is frequent enough, or the vocabulary knows too few of the word pairs.
    """
    keep = initial.rows_by_key(settings.tokens.attr) if initial and settings.initial.keep_words else ()
    vocabulary, word_of_type = build_vocabulary(
        corpus.read_types(),
        n_type_ids=corpus.n_type_ids,
        min_count=settings.vocabulary.min_count,
        max_final_vocab=settings.vocabulary.max_final_vocab,
        keep=keep,
        merge_rare=settings.vocabulary.merge_rare_keys and settings.tokens.key_block is not None,
    )
    start = None
    if initial is not None:
        start = match(initial, vocabulary, attr=settings.tokens.attr, model=settings.model)
    n_kept = vocabulary.counts * keep_probabilities(vocabulary.counts, settings.training.sample)
    inputs = make_input_rows(settings.model, vocabulary.words, n_kept, known=known_buckets(initial))
    sets = ScoringSets.load(settings.evaluation)
    identity = None
    if checkpoint is not None:
        digest = start.digest(inputs) if start is not None else None
        identity = corpus_identity(
            corpus, vocabulary, word_of_type, initial=digest, word_pairs=sets.digest() if sets else None
        )
        if resume_from is not None:
            resume_from.check_corpus(identity)
    return Prepared(
        corpus,
        vocabulary,
        word_of_type,
        inputs=inputs,
        start=start,
        checkpoint=checkpoint,
        resume_from=resume_from,
        identity=identity,
        scorers=sets.scorers(vocabulary) if sets is not None else {},
    )


@contextmanager
def work_items(
    settings: W2VSettings, prepared: Prepared, callback: Callback, *, cache_dir: Path | None
) -> Iterator[WorkItems]:
    """Yield what the objective learns from. It may be deleted after the block.

    Args:
        settings: The settings of the run.
        prepared: Corpus, vocabulary and checkpoint.
        callback: Receives the events of counting, if the objective learns from counts.
        cache_dir: Directory for co-occurrence counts; None for the user's cache directory.

    Raises:
        TrainingError: No words occur together.
    """
    spec = objective_of(settings.model).spec
    if not spec.counts_cooccurrences:
        yield CorpusChunks(prepared.corpus)
        return
    with counted(
        prepared.corpus,
        prepared.word_of_type,
        len(prepared.vocabulary),
        window=settings.model.window,
        settings=settings.cooccurrence,
        n_workers=settings.training.workers or available_cores(),
        cache_dir=cache_dir,
        callback=callback,
    ) as cooccurrences:
        n_tokens = prepared.corpus.counts.n_tokens
        if not cooccurrences.n_cells:
            raise no_pairs(n_kept=int(prepared.vocabulary.counts.sum()), n_tokens=n_tokens)
        release_free_memory()  # the memory of counting
        if spec.has_steps:
            yield CellBatches(cooccurrences, n_tokens)
            return
        callback.on_message(f"Decomposing the matrix of {cooccurrences.n_cells:,} co-occurrence counts")
        yield WholeMatrix(cooccurrences, n_tokens)


def learning_rates(settings: W2VSettings, prepared: Prepared, callback: Callback) -> list[LearningRate]:
    """Return the initial settings of the learning rate and each change, including one now, which is reported.

    Args:
        settings: The settings of the run.
        prepared: The checkpoint to resume from, if any.
        callback: Receives messages.
    """
    training, resume_from = settings.training, prepared.resume_from
    alpha = starting_alpha(settings.model, training)
    n_tasks_done = resume_from.n_tasks_done if resume_from is not None else 0
    now = LearningRate(n_tasks_done=n_tasks_done, alpha=alpha, min_alpha=ending_alpha(settings.model, training))
    if resume_from is None:
        return [now]
    callback.on_message(f"Resuming from {resume_from.path}, which is in epoch {resume_from.epoch} of {training.epochs}")
    if unknown := resume_from.progress.settings.unknown():
        callback.on_message(f"These settings of a newer version have no effect from now on: {', '.join(unknown)}")
    if (move := describe_move(resume_from.record.distributed, settings.distributed)) is not None:
        callback.on_message(move)
    changes = resume_from.learning_rates[-1].changes(now)
    if not changes:
        return resume_from.learning_rates
    callback.on_message(f"The learning rate changes here: {'; '.join(changes)}")
    return [*resume_from.learning_rates, now]


def describe_move(before: DistributedSettings, now: DistributedSettings) -> str | None:
    """Return what changed settings of `[w2v.distributed]` mean for a resumed run; None if they do not matter.

    Args:
        before: The settings of the checkpoint.
        now: The settings of the resumed run.
    """
    changes = before.changes(now)
    matters = (before.engine, before.machines, before.rounds) != (now.engine, now.machines, now.rounds)
    if not changes or not matters:
        return None
    return (
        f"The resumed run has other settings of [w2v.distributed]: {', '.join(changes)}. Its vectors will differ "
        "slightly from those of a run without this change, even with one worker."
    )
