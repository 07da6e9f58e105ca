"""The vector instructions that the blocked kernels are made of."""
