"""Reports on a model: as Markdown."""
