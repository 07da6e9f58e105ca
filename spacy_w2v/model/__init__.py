"""Trained models: the vocabulary, the vectors, the record of the run, and the files of a model."""
