"""The co-occurrence matrix of an encoded corpus: counting in bounded memory, its file, and its place in the cache."""
