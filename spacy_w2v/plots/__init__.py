"""Pictures of word vectors: maps, spectra, similarities, movements and training curves, as charts and as files."""
