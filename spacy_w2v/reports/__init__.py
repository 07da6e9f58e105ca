"""Reports on word vectors: their facts, as a web page, as Markdown and in the terminal."""
