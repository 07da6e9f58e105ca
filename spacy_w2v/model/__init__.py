"""What is learned: the vocabulary, the two matrices of vectors, and their directory on disk."""
