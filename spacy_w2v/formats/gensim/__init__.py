"""gensim's KeyedVectors and Word2Vec."""
