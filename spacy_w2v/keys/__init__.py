"""Keys of a document: what is counted and gets a vector, as functions of what a pipeline knows of the tokens."""
