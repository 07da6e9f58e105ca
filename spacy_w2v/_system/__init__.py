"""The machine that we run on: its memory, cores and BLAS, and the terminal and signals of this process."""
