"""Errors and warnings for invalid input. Each message gives the rule, the value found and the remedy.

The package `spacy_w2v` exports all of them:

    ValueError
      Word2VecError
        ClusterError           the machines of a cluster cannot be used
        ConfigError            a setting or argument is invalid
        CorpusError            texts cannot be read, or contain no tokens
        StorageError           a file or directory cannot be read or written
        TrainingError          training cannot continue
        UnknownWordError       a word is not in the vocabulary; also a KeyError
    UserWarning
      ConfigWarning            a setting has its former name
      CorpusWarning            texts are left out or cut

Errors in functions that spaCy calls, such as callbacks and the component, are also subclasses of confection's
ConfigValidationError. spaCy's command line shows these without a traceback.
"""

from spacy_w2v._system.terminal import shown_lines

__all__ = [
    "ClusterError",
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
    """The base class of all errors that this package raises for invalid input. The message is meant for the user."""

    def __str__(self) -> str:
        """Return the message. Control characters in words and paths are shown as escape sequences."""
        return shown_lines(super().__str__())


class ClusterError(Word2VecError):
    """The machines of a cluster cannot be reached, or cannot do what a run needs."""


class ConfigError(Word2VecError):
    """A setting of the config, or an argument of a Python function, is invalid."""


class CorpusError(Word2VecError):
    """The corpus cannot be found or read, or contains no tokens."""


class StorageError(Word2VecError):
    """A file or directory is missing or damaged, has another format, or cannot be written."""


class TrainingError(Word2VecError):
    """Training cannot continue, for example because the weights diverge."""


class UnknownWordError(Word2VecError, KeyError):
    """A word is not in the vocabulary."""

    def __str__(self) -> str:
        """Return the message itself; KeyError would return its representation."""
        return shown_lines(str(self.args[0]))


class ConfigWarning(UserWarning):
    """A setting of the config has the name of an earlier version. It is read under its current name."""


class CorpusWarning(UserWarning):
    """Part of the corpus is left out or cut. The rest is read."""
