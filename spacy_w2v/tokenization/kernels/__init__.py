"""The compiled loops of tokenization."""
