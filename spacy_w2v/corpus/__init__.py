"""The encoded corpus: token ids on disk, counts of types, and the cache of encoded corpora."""
