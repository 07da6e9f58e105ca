"""Texts that a pipeline annotates, in shards that are kept one by one, because annotating takes hours."""
