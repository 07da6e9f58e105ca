"""A training run whose settings are completed by a preset for the size of its corpus."""

from dataclasses import dataclass, replace

from spacy_w2v.config._loading import config_of
from spacy_w2v.config._presets import Optimize, size_of, with_preset
from spacy_w2v.config._schema import W2VSettings
from spacy_w2v.formats._word2vec import Word2Vec
from spacy_w2v.training._checkpoint import CheckpointDirectory
from spacy_w2v.training._run import TrainingRun
from spacy_w2v.training.callbacks._callback import RunCallback
from spacy_w2v.training.scoring._sets import check_sets


@dataclass(frozen=True)
class PresetRun:
    """A training run, and what its settings are to be chosen for once the number of its tokens is known."""

    run: TrainingRun
    given: W2VSettings
    """The settings of the run as they were given. The preset chooses those that they leave open."""
    optimize: Optimize

    def execute(
        self, callback: RunCallback | None = None, *, checkpoint: CheckpointDirectory | None = None
    ) -> Word2Vec:
        """Encode the corpus, complete the settings and train a model. See `TrainingRun.execute`."""
        callback = callback or RunCallback()
        # errors about the directory and the vectors to start from come before the corpus is encoded
        resume_from = checkpoint.open() if checkpoint is not None else None
        check_sets(self.run.settings.evaluation)
        initial = self.run.open_initial()
        with self.run.on_cluster(callback) as connected, connected.encoded(callback) as corpus:
            n_tokens = corpus.counts.n_tokens
            tuned = with_preset(self.given, self.optimize, size=size_of(n_tokens))
            callback.on_message(f"Optimized for {self.optimize} on {n_tokens:,} tokens: {tuned.describe()}")
            run = replace(connected, settings=tuned.settings, config=config_of(connected.nlp, tuned.settings))
            if resume_from is not None:
                resume_from.check_settings(run.settings)
            prepared = run.choose_words(
                corpus, callback, initial=initial, checkpoint=checkpoint, resume_from=resume_from
            )
            return run.complete(prepared, callback)
