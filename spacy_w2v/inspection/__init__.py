"""What a table of word vectors is like: its rank, its spectrum, its neighbours, and what is odd about it."""
