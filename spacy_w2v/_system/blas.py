"""The number of threads of BLAS, which computes the matrix products of NumPy and of the softmax kernels."""

from contextlib import AbstractContextManager


def single_threaded_blas() -> AbstractContextManager[object]:
    """Return a context manager that limits BLAS to one thread for each matrix product.

    Without the limit, each worker would use all cores. Many small products would then wait for each other whenever
    another process takes a core. The limit has no effect on Apple's Accelerate; set VECLIB_MAXIMUM_THREADS=1 in the
    environment before Python starts.
    """
    return limited_blas(1)


def limited_blas(n_threads: int) -> AbstractContextManager[object]:
    """Return a context manager that limits BLAS to a number of threads for each matrix product.

    The bits of products may depend on the number.
    """
    import scipy.linalg.cython_blas  # noqa: F401  a cached kernel would load BLAS at its first product, after the limit is set
    from threadpoolctl import threadpool_limits

    limits: AbstractContextManager[object] = threadpool_limits(n_threads, "blas")
    return limits
