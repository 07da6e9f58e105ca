"""The losses and architectures: their parameters, initial values, tables for the kernels, and predictions."""
