"""Evaluation of word vectors: data sets, scores and reports."""
