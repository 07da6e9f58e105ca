"""The layout of fastText's .bin files, little-endian.

The hyper-parameters come first (`Args::save`, src/args.cc), then the words (`Dictionary::save`, src/dictionary.cc), and
two matrices (`FastText::saveModel`, src/fasttext.cc), each after a byte that is 1 if it is quantized. The rows of the
first are those of the words, then those of the buckets.
"""

import struct
from typing import NamedTuple

MAGIC, VERSION = 793_712_314, 12
BEGINNING = struct.Struct("<2i")
"""The magic number and the version."""
HYPER_PARAMETERS = struct.Struct("<12id")
HYPER_PARAMETERS_OF_FLORET = struct.Struct("<14id")
"""floret's files have the same magic number and version, and two numbers more: the mode and the number of hashes."""
LARGEST_SUBNORMAL = 1e-300
"""These two numbers, read as fastText's sampling threshold, give a number below this one."""
DICTIONARY = struct.Struct("<3i2q")
"""The numbers of entries, words, labels, tokens and pruned n-grams, -1 if none are pruned."""
ENTRY = struct.Struct("<qb")
"""After each word and a zero byte: its count and its kind."""
OF_WORDS = 0
"""The kind of an entry that is a word."""
QUANTIZED = struct.Struct("<b")
"""Before each matrix: whether it is quantized."""
SHAPE = struct.Struct("<2q")
"""The rows and columns of a matrix."""

CBOW, SKIP_GRAM = 1, 2
"""fastText's numbers of models, ..."""
HIERARCHICAL_SOFTMAX, NEGATIVE_SAMPLING, SOFTMAX = 1, 2, 3
"""... and of losses."""
LEARNING_RATE_UPDATES = 100
"""fastText's default of -lrUpdateRate."""


class HyperParameters(NamedTuple):
    """What fastText's `Args` has, under its names."""

    dim: int
    ws: int
    epoch: int
    min_count: int
    neg: int
    word_ngrams: int
    loss: int
    model: int
    bucket: int
    minn: int
    maxn: int
    lr_update_rate: int
    t: float

    @property
    def divides_words(self) -> bool:
        """Whether words have n-grams."""
        return self.bucket > 0 and self.maxn >= max(1, self.minn)
