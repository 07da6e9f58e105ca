"""BLAS, which does the products of NumPy and of the softmax kernels."""

from contextlib import AbstractContextManager


def one_thread_of_blas() -> AbstractContextManager[object]:
    """Limit each product to the thread that asks for it.

    Several workers would each take all cores, and the threads of many small products wait for each other where another
    process takes one of the cores. Apple's Accelerate cannot be limited from here: VECLIB_MAXIMUM_THREADS=1 must be in
    the environment when Python starts.
    """
    import scipy.linalg.cython_blas  # noqa: F401  a kernel from the cache loads it at its first product: past the limit
    from threadpoolctl import threadpool_limits

    limits: AbstractContextManager[object] = threadpool_limits(1, "blas")
    return limits
