"""The operating system and hardware: memory, cores, BLAS, terminal, signals. Also hashes and spelling suggestions."""
