"""The errors that a user can cause, each with the rule, the value seen and the remedy in its text.

All of them are exported by `spacy_w2v`:

    ValueError
      Word2VecError
        ConfigError            a setting or an argument
        CorpusError            texts that cannot be read, or hold nothing to train on
        StorageError           a file or directory
        TrainingError          training that cannot go on
        UnknownWordError       a word that is not in the vocabulary; a KeyError too
    UserWarning
      ConfigWarning            a setting that is read under its former name
      CorpusWarning            texts that are left out or cut

What spaCy calls, such as callbacks and the component, raises errors that are confection.ConfigValidationErrors too,
which spaCy's command line shows without a traceback.
"""

from spacy_w2v._system.terminal import shown_lines

__all__ = [
    "ConfigError",
    "ConfigWarning",
    "CorpusError",
    "CorpusWarning",
    "StorageError",
    "TrainingError",
    "UnknownWordError",
    "Word2VecError",
]


class Word2VecError(ValueError):
    """Base of all errors that this package raises for wrong input; the text is meant for the user."""

    def __str__(self) -> str:
        """Return the text, in which words and paths of others cannot steer a terminal."""
        return shown_lines(super().__str__())


class ConfigError(Word2VecError):
    """The configuration, or an argument of the Python API, breaks a rule."""


class CorpusError(Word2VecError):
    """The corpus cannot be found or read, or holds nothing to train on."""


class StorageError(Word2VecError):
    """A file or directory of ours is missing, damaged, foreign or cannot be written."""


class TrainingError(Word2VecError):
    """Training could not go on, as when weights diverge."""


class UnknownWordError(Word2VecError, KeyError):
    """A word is not in the vocabulary."""

    def __str__(self) -> str:
        """Return the text itself: KeyError would show its representation."""
        return shown_lines(str(self.args[0]))


class ConfigWarning(UserWarning):
    """Something in the configuration is of an earlier version, and is read as what it is called now."""


class CorpusWarning(UserWarning):
    """Something in the corpus is left out or cut, and the rest is read."""
