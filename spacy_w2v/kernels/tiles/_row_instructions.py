"""LLVM intrinsics for whole rows: copying, adding and prefetching them.

All arrays are passed as addresses, int64. The caller must keep the arrays alive. n_vectors = d / LANES, rounded up.
"""

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from spacy_w2v.kernels.tiles._instructions import STEP
from spacy_w2v.kernels.tiles._llvm import I32, I64, LANES, VECTOR, at, i64, load, loop, splat, splat_constant, store

PREFETCH_LOCALITY = 3
"""Prefetch to all caches. 2 (L2 only) and prefetching for ownership were no faster."""


def _for_each_vector(step):
    """Return an intrinsic that calls `step(builder, *addresses)` for each vector of LANES columns of three rows."""

    def generate(context, builder, signature, arguments):
        *rows, n_vectors = arguments

        def body(index, _):
            offset = builder.mul(index, i64(4 * LANES))
            step(builder, *(at(builder, row, offset) for row in rows))
            return []

        loop(builder, n_vectors, [], body)
        return context.get_dummy_value()

    return types.void(*[types.int64] * 4), generate


@intrinsic
def copy_row(typing_context, row, copy, original, n_vectors):
    """Copy a row to `copy` and to `original`."""

    def step(builder, row, copy, original):
        value = load(builder, VECTOR, row)
        store(builder, value, copy)
        store(builder, value, original)

    return _for_each_vector(step)


@intrinsic
def write_back_row(typing_context, row, copy, original, n_vectors):
    """Add copy - original to the row, which keeps the changes that other threads made in the meantime."""

    def step(builder, row, copy, original):
        now, new, old = (load(builder, VECTOR, place) for place in (row, copy, original))
        store(builder, builder.fadd(now, builder.fsub(new, old)), row)

    return _for_each_vector(step)


@intrinsic
def add_rows(typing_context, rows, n_rows, scale, total, n_vectors):
    """Write `scale` times the sum of n_rows >= 1 rows to `total`: the hidden vector of a context."""

    def generate(context, builder, signature, arguments):
        rows, n_rows, scale, total, n_vectors = arguments
        scales = splat(builder, scale)

        def body(index, _):
            offset = builder.mul(index, i64(4 * LANES))

            def each_row(number, sums):
                row = load(builder, I64, at(builder, rows, builder.mul(number, i64(8))), 8)
                return [builder.fadd(sums[0], load(builder, VECTOR, at(builder, row, offset)))]

            (value,) = loop(builder, n_rows, [splat_constant(0.0)], each_row)
            store(builder, builder.fmul(value, scales), at(builder, total, offset))
            return []

        loop(builder, n_vectors, [], body)
        return context.get_dummy_value()

    return types.void(types.int64, types.int64, types.float32, types.int64, types.int64), generate


@intrinsic
def change_rows(typing_context, rows, n_rows, scale, sums, n_vectors):
    """Add `scale` times the `sums` of one hidden vector to each of n_rows >= 1 rows, and clear these `sums`."""

    def generate(context, builder, signature, arguments):
        rows, n_rows, scale, sums, n_vectors = arguments
        scales = splat(builder, scale)

        def body(index, _):
            offset = builder.mul(index, i64(4 * LANES))
            place = at(builder, sums, builder.mul(index, i64(4 * LANES * STEP)))
            change = builder.fmul(load(builder, VECTOR, place), scales)
            store(builder, splat_constant(0.0), place)

            def each_row(number, _):
                row = at(builder, load(builder, I64, at(builder, rows, builder.mul(number, i64(8))), 8), offset)
                store(builder, builder.fadd(load(builder, VECTOR, row), change), row)
                return []

            loop(builder, n_rows, [], each_row)
            return []

        loop(builder, n_vectors, [], body)
        return context.get_dummy_value()

    return types.void(types.int64, types.int64, types.float32, types.int64, types.int64), generate


@intrinsic
def prefetch_row(typing_context, row, n_lines):
    """Prefetch n_lines cache lines of 64 bytes, from the address `row` on."""

    def generate(context, builder, signature, arguments):
        row, n_lines = arguments
        byte = ir.IntType(8).as_pointer()
        kind = ir.FunctionType(ir.VoidType(), [byte, I32, I32, I32])
        name = "llvm.prefetch.p0"
        function = builder.module.globals.get(name) or ir.Function(builder.module, kind, name)

        def body(index, _):
            pointer = builder.inttoptr(at(builder, row, builder.mul(index, i64(64))), byte)
            builder.call(function, [pointer, *(ir.Constant(I32, c) for c in (0, PREFETCH_LOCALITY, 1))])
            return []

        loop(builder, n_lines, [], body)
        return context.get_dummy_value()

    return types.void(types.int64, types.int64), generate


@intrinsic
def byte_at(typing_context, address):
    """Return the byte at an address. Passing an array to an inner function would count its references each time."""

    def generate(context, builder, signature, arguments):
        return builder.zext(load(builder, ir.IntType(8), arguments[0], 1), I64)

    return types.int64(types.int64), generate


WIDE = 4
"""Vectors of columns that `mean_of_rows` and `change_each_row` process at once."""


def _columns_of_rows(builder, arguments, *, width, carried, body):
    """Append a loop over rows of a matrix, for `width` vectors of columns.

    Args:
        builder: The builder.
        arguments: Address of the ids of the rows, uint32; their number; address of the matrix; bytes of a row.
        width: Number of vectors.
        carried: The initial values of the loop.
        body: `body(addresses, values) -> values` for the addresses of the vectors in a row.

    Returns:
        The values after the last row.
    """
    ids, n_rows, matrix, n_bytes = arguments

    def each_row(number, values):
        row = builder.zext(load(builder, I32, at(builder, ids, builder.mul(number, i64(4)))), I64)
        address = at(builder, matrix, builder.mul(row, n_bytes))
        return body([at(builder, address, 4 * LANES * c) for c in range(width)], values)

    return loop(builder, n_rows, carried, each_row)


def _mean_of_rows(*, width):
    def generate(context, builder, signature, arguments):
        *rows, scale, mean, original = arguments

        def add(addresses, sums):
            return [
                builder.fadd(total, load(builder, VECTOR, address))
                for total, address in zip(sums, addresses, strict=True)
            ]

        zeros = [splat_constant(0.0)] * width
        scales = splat(builder, scale)
        for c, total in enumerate(_columns_of_rows(builder, rows, width=width, carried=zeros, body=add)):
            value = builder.fmul(total, scales)
            store(builder, value, at(builder, mean, 4 * LANES * c))
            store(builder, value, at(builder, original, 4 * LANES * c))
        return context.get_dummy_value()

    return types.void(*[types.int64] * 4, types.float32, types.int64, types.int64), generate


@intrinsic
def mean_of_rows(typing_context, ids, n_rows, matrix, n_bytes, scale, mean, original):
    """Write `scale` times the sum of n_rows >= 1 rows to `mean` and `original`, for one vector of columns.

    Args:
        typing_context: Of numba.
        ids: Address of the numbers of the rows, uint32.
        n_rows: Their number.
        matrix: Address of the vector of columns in the first row of the matrix.
        n_bytes: Size of a row.
        scale: 1 / n_rows, float32.
        mean: Address to which the result is written.
        original: Address to which it is written again.
    """
    return _mean_of_rows(width=1)


@intrinsic
def wide_mean_of_rows(typing_context, ids, n_rows, matrix, n_bytes, scale, mean, original):
    """Like mean_of_rows, for WIDE vectors of columns."""
    return _mean_of_rows(width=WIDE)


def _change_each_row(*, width):
    def generate(context, builder, signature, arguments):
        *rows, vector, original = arguments
        changes = [
            builder.fsub(*(load(builder, VECTOR, at(builder, place, 4 * LANES * c)) for place in (vector, original)))
            for c in range(width)
        ]

        def change(addresses, _):
            for address, value in zip(addresses, changes, strict=True):
                store(builder, builder.fadd(load(builder, VECTOR, address), value), address)
            return []

        _columns_of_rows(builder, rows, width=width, carried=[], body=change)
        return context.get_dummy_value()

    return types.void(*[types.int64] * 6), generate


@intrinsic
def change_each_row(typing_context, ids, n_rows, matrix, n_bytes, vector, original):
    """Add vector - original to each of n_rows >= 1 rows, one after another, for one vector of columns.

    A row that occurs twice takes the change twice. See `mean_of_rows` for the other arguments.
    """
    return _change_each_row(width=1)


@intrinsic
def wide_change_each_row(typing_context, ids, n_rows, matrix, n_bytes, vector, original):
    """Like change_each_row, for WIDE vectors of columns."""
    return _change_each_row(width=WIDE)
