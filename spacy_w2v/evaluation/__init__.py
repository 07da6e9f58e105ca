"""Evaluation of word vectors: data sets and scores."""
