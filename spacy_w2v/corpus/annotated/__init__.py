"""Annotated corpora: the Docs of a pipeline in DocBin files, written shard by shard."""
