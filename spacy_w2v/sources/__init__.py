"""Where texts come from: datasets, files of all kinds, standard input, iterables and mixtures of them."""
