"""The encoded corpus: token ids on disk, the counts of types, and the cache of such corpora."""
