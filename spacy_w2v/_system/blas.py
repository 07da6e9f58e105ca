"""BLAS, which computes the matrix products of NumPy and of the softmax kernels."""

from contextlib import AbstractContextManager


def single_threaded_blas() -> AbstractContextManager[object]:
    """Return a context in which BLAS computes each product in the thread that asks for it.

    Otherwise each worker would use all cores, and the threads of many small products would wait for each other if
    another process takes one of the cores. Apple's Accelerate cannot be limited like this: VECLIB_MAXIMUM_THREADS=1
    must be in the environment when Python starts.
    """
    import scipy.linalg.cython_blas  # noqa: F401  otherwise a cached kernel loads it at its first product, when it is too late for the limit
    from threadpoolctl import threadpool_limits

    limits: AbstractContextManager[object] = threadpool_limits(1, "blas")
    return limits
