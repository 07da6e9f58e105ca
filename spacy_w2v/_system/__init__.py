"""The system: its memory, cores and BLAS, the terminal and signals of this process, hashes, nearest spellings."""
