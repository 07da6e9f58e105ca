"""Conversion from and to gensim's KeyedVectors and Word2Vec."""
