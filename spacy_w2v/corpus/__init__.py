"""From texts to token ids on disk: sources of text, tokenization, and the cache of encoded corpora."""
