"""The product of rows and a matrix, in which each row has the same bits wherever it stands."""

from spacy_w2v._jit import exact_kernel


@exact_kernel
def multiply_rows(rows, matrix, products):
    """Write rows @ matrix, summed in the order of the dimensions.

    BLAS may sum a row in another order if it stands alone, or at the end of a block. Here no bit depends on that.

    Args:
        rows: float32[n, d].
        matrix: float32[d, d].
        products: float32[n, d]; the result.
    """
    # n = rows, d = dimensions
    n, d = rows.shape
    d_by_four = d // 4 * 4
    for i in range(n):
        row, product = rows[i], products[i]
        for j in range(d):
            product[j] = 0
        for k in range(0, d_by_four, 4):  # four at a time, because each pass reads and writes the whole product
            first, second, third, fourth = row[k], row[k + 1], row[k + 2], row[k + 3]
            for j in range(d):
                product[j] = (
                    product[j]
                    + first * matrix[k, j]
                    + second * matrix[k + 1, j]
                    + third * matrix[k + 2, j]
                    + fourth * matrix[k + 3, j]
                )
        for k in range(d_by_four, d):
            for j in range(d):
                product[j] += row[k] * matrix[k, j]
