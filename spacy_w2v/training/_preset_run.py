"""A training run whose settings are completed by a preset for the size of its corpus."""

from dataclasses import dataclass, replace

from spacy_w2v.config._loading import config_of
from spacy_w2v.config._presets import Optimize, size_of, with_preset
from spacy_w2v.config._schema import W2VSettings
from spacy_w2v.formats._word2vec import Word2Vec
from spacy_w2v.training._checkpoint import CheckpointDirectory
from spacy_w2v.training._run import TrainingRun
from spacy_w2v.training._start import open_initial_vectors
from spacy_w2v.training.callbacks._callback import Callback


@dataclass(frozen=True)
class PresetRun:
    """A training run, and what its settings are to be chosen for once the number of its tokens is known."""

    run: TrainingRun
    given: W2VSettings
    """The settings of the run as they were given. The preset chooses those that they leave open."""
    optimize: Optimize

    def execute(self, callback: Callback | None = None, *, checkpoint: CheckpointDirectory | None = None) -> Word2Vec:
        """Encode the corpus, complete the settings and train a model. See `TrainingRun.execute`."""
        callback = callback or Callback()
        # errors about the directory and the vectors to start from come before the corpus is encoded
        if checkpoint is not None:
            checkpoint.open()
        given = self.given
        initial = open_initial_vectors(given.initial, self.run.initial, vector_size=given.model.vector_size)
        with self.run.encoded(callback) as corpus:
            n_tokens = corpus.counts.n_tokens
            tuned = with_preset(given, self.optimize, size=size_of(n_tokens))
            callback.on_message(f"Optimized for {self.optimize} on {n_tokens:,} tokens: {tuned.describe()}")
            run = replace(
                self.run,
                settings=tuned.settings,
                config=config_of(self.run.nlp, tuned.settings),
                initial=initial,
                corpus=corpus,
            )
            return run.execute(callback, checkpoint=checkpoint)
