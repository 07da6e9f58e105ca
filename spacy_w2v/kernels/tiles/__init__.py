"""Matrix products on tiles of vector instructions, the building blocks of the blocked kernels."""
