"""LLVM intrinsics for the products and updates of a step, as tiles of vector instructions.

All arrays are passed as addresses, int64. The caller must keep the arrays alive.

Arguments that the functions share:
    x_rows: Address of the addresses of the input rows.
    y_rows: Address of the addresses of the output rows.
    n_vectors: d / LANES, rounded up. d counts no padding.
    n_tiles: Number of outputs / OUTPUTS.
    n_fours: Number of inputs / 4.
    gradient: Address of the gradients g_ik of input i and output k, in the order of the tiles.
    sums: Address of the changes of a step's inputs, float32[n_vectors, STEP, LANES]. They are zero between steps.
    offset: Bytes from the start of a row to the vector of columns to update.
"""

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from spacy_w2v.kernels.tiles._llvm import (
    F32,
    FOUR,
    I64,
    INTS,
    LANES,
    OUTPUTS,
    PROCESSOR,
    TILE,
    VECTOR,
    at,
    fma,
    i64,
    load,
    loop,
    sigmoid_and_softplus,
    splat,
    splat_constant,
    splat_four,
    store,
    store_sums,
)

STEP = 8
"""Inputs of one step. With 32 vector registers, half of them hold the columns of their rows and of their changes."""
N_HELD = STEP if PROCESSOR.n_registers >= 32 else 4
"""Inputs whose columns stay in registers during an update. With 16 registers, those of the others are read again for
each output, which costs nothing: the processor loads them while it multiplies."""
GROUPS = max(2, LANES // 4)
"""Groups of `group_products`, whose products fill whole vectors. A loop has two of them at a time, so that
multiplications need not wait for each other."""
PAIRS = max(STEP, LANES)
"""Products that `pair_products` writes, some of them zeros."""


@intrinsic
def block_products(typing_context, x_rows, y_rows, n_vectors, products):
    """Write the products x_i.y_k of four inputs and OUTPUTS output rows to `products`, as TILE numbers."""

    def generate(context, builder, signature, arguments):
        x_rows, y_rows, n_vectors, products = arguments
        xs = [load(builder, I64, at(builder, x_rows, 8 * i), 8) for i in range(4)]
        ys = [load(builder, I64, at(builder, y_rows, 8 * k), 8) for k in range(OUTPUTS)]

        def body(index, sums):
            offset = builder.mul(index, i64(4 * LANES))
            x = [load(builder, VECTOR, at(builder, row, offset)) for row in xs]
            results = []
            for k in range(OUTPUTS):
                y = load(builder, VECTOR, at(builder, ys[k], offset))
                results += [fma(builder, x[i], y, sums[4 * k + i]) for i in range(4)]
            return results

        sums = loop(builder, n_vectors, [splat_constant(0.0)] * TILE, body)
        store_sums(builder, sums, products)
        return context.get_dummy_value()

    return types.void(*[types.int64] * 4), generate


def _block_update(*, n_inputs, to_rows):
    """Return an intrinsic that updates one vector of columns of n_inputs inputs and of all their outputs.

    Args:
        n_inputs: Number of inputs.
        to_rows: Add the changes of the inputs to their rows and clear `sums`. Otherwise add them to `sums`.
    """

    def generate(context, builder, signature, arguments):
        x_rows, y_rows, n_tiles, gradient, sums, offset = arguments
        xs = [at(builder, load(builder, I64, at(builder, x_rows, 8 * i), 8), offset) for i in range(n_inputs)]
        held = [load(builder, VECTOR, row) for row in xs[:N_HELD]]
        places = [at(builder, sums, 4 * LANES * i) for i in range(n_inputs)]
        sums = [load(builder, VECTOR, place) for place in places]

        def body(index, sums):
            sums = list(sums)
            rows = at(builder, y_rows, builder.mul(index, i64(8 * OUTPUTS)))
            tiles = at(builder, gradient, builder.mul(index, i64(4 * TILE * n_inputs // 4)))
            for k in range(OUTPUTS):
                row = at(builder, load(builder, I64, at(builder, rows, 8 * k), 8), offset)
                y = load(builder, VECTOR, row)
                new_row = y
                for four in range(n_inputs // 4):
                    g = splat_four(builder, at(builder, tiles, 4 * TILE * four + 16 * k))
                    for i in range(4 * four, 4 * four + 4):
                        sums[i] = fma(builder, g[i % 4], y, sums[i])
                        x = held[i] if i < N_HELD else load(builder, VECTOR, xs[i])
                        new_row = fma(builder, g[i % 4], x, new_row)
                store(builder, new_row, row)
            return sums

        sums = loop(builder, n_tiles, sums, body)
        for row, place, value in zip(xs, places, sums, strict=True):
            if to_rows:  # read again, since a word may occur twice in a step
                store(builder, builder.fadd(load(builder, VECTOR, row), value), row)
            store(builder, splat_constant(0.0) if to_rows else value, place)
        return context.get_dummy_value()

    return types.void(*[types.int64] * 6), generate


@intrinsic
def block_update(typing_context, x_rows, y_rows, n_tiles, gradient, sums, offset):
    """y_k += sum_i g_ik x_i and x_i += sums_i + sum_k g_ik y_k, for STEP inputs. Clears `sums`."""
    return _block_update(n_inputs=STEP, to_rows=True)


@intrinsic
def half_block_update(typing_context, x_rows, y_rows, n_tiles, gradient, sums, offset):
    """Like block_update, for STEP / 2 inputs."""
    return _block_update(n_inputs=STEP // 2, to_rows=True)


@intrinsic
def hidden_block_update(typing_context, x_rows, y_rows, n_tiles, gradient, sums, offset):
    """y_k += sum_i g_ik x_i and sums_i += sum_k g_ik y_k, for STEP hidden vectors x_i, which are not changed."""
    return _block_update(n_inputs=STEP, to_rows=False)


@intrinsic
def spread_weights(typing_context, input_weights, labels, weights, n_tiles, n_fours):
    """Write the weights a_i b_k to `weights` in the order of the tiles.

    input_weights: address of the a_i of the inputs. labels: address of the b_k of the outputs.
    """

    def generate(context, builder, signature, arguments):
        input_weights, labels, weights, n_tiles, n_fours = arguments
        outputs = ir.VectorType(F32, OUTPUTS)

        def body(index, _):
            factors = load(builder, outputs, at(builder, labels, builder.mul(index, i64(4 * OUTPUTS))))
            tiles = at(builder, weights, builder.mul(builder.mul(index, n_fours), i64(4 * TILE)))

            def each_four(number, _):
                four = load(builder, FOUR, at(builder, input_weights, builder.mul(number, i64(16))))
                input_factors = builder.shuffle_vector(four, four, ir.Constant(INTS, [0, 1, 2, 3] * (LANES // 4)))
                tile = at(builder, tiles, builder.mul(number, i64(4 * TILE)))
                for first in range(0, TILE, LANES):
                    lanes = ir.Constant(INTS, [(first + lane) // 4 for lane in range(LANES)])
                    output_factors = builder.shuffle_vector(factors, factors, lanes)
                    store(builder, builder.fmul(input_factors, output_factors), at(builder, tile, 4 * first))
                return []

            loop(builder, n_fours, [], each_four)
            return []

        loop(builder, n_tiles, [], body)
        return context.get_dummy_value()

    return types.void(*[types.int64] * 5), generate


@intrinsic
def group_products(typing_context, x_rows, y_rows, n_vectors, products):
    """Write the products x.y of GROUPS groups, each of one input and four outputs, to `products`."""

    def generate(context, builder, signature, arguments):
        x_rows, y_rows, n_vectors, place = arguments
        products = []
        for first in range(0, GROUPS, 2):
            groups = (first, first + 1)
            xs = [load(builder, I64, at(builder, x_rows, 8 * group), 8) for group in groups]
            ys = [load(builder, I64, at(builder, y_rows, 32 * group + 8 * j), 8) for group in groups for j in range(4)]

            def body(index, sums, xs=xs, ys=ys):
                offset = builder.mul(index, i64(4 * LANES))
                x, y = ([load(builder, VECTOR, at(builder, row, offset)) for row in rows] for rows in (xs, ys))
                return [fma(builder, x[j // 4], y[j], sums[j]) for j in range(8)]

            products += loop(builder, n_vectors, [splat_constant(0.0)] * 8, body)
        store_sums(builder, products, place)
        return context.get_dummy_value()

    return types.void(*[types.int64] * 4), generate


@intrinsic
def gradients(typing_context, products, weights, n_vectors, alpha, loss):
    """Replace products p by gradients: alpha * w * s(-p) if the weight w is positive, alpha * w * s(p) if negative.

    A positive weight marks a pair to be predicted, a negative one a pair that is noise. The loss of a pair, which is
    |w| log(1 + exp(-p)) or |w| log(1 + exp(p)), is added to `loss`. Here s(z) = 1 / (1 + exp(-z)).

    The products are computed before, in another loop: the chain of instructions from a product to its gradient is long,
    and processing many of them at once hides its latency.

    Args:
        typing_context: Of numba.
        products: Address of n_vectors vectors of products, which are replaced.
        weights: Address of as many weights.
        n_vectors: Number of vectors.
        alpha: The learning rate.
        loss: Address of LANES partial sums of the loss.
    """

    def generate(context, builder, signature, arguments):
        products, weights, n_vectors, alpha, loss = arguments
        alphas = splat(builder, alpha)
        sign_bit = ir.Constant(INTS, [0x80000000] * LANES)

        def body(index, values):
            offset = builder.mul(index, i64(4 * LANES))
            place = at(builder, products, offset)
            weight = load(builder, VECTOR, at(builder, weights, offset))
            bits = builder.bitcast(weight, INTS)
            size = builder.bitcast(builder.and_(bits, builder.not_(sign_bit)), VECTOR)
            # -p where the weight is positive: flip the sign of p where the sign bit of the weight is not set
            flip = builder.and_(builder.not_(bits), sign_bit)
            z = builder.bitcast(builder.xor(builder.bitcast(load(builder, VECTOR, place), INTS), flip), VECTOR)
            sigmoid, softplus = sigmoid_and_softplus(builder, z)
            store(builder, builder.fmul(builder.fmul(sigmoid, weight), alphas), place)
            return [fma(builder, softplus, size, values[0])]

        (total,) = loop(builder, n_vectors, [load(builder, VECTOR, loss)], body)
        store(builder, total, loss)
        return context.get_dummy_value()

    return types.void(types.int64, types.int64, types.int64, types.float32, types.int64), generate


def _group_update(*, n_outputs):
    """Return an intrinsic that updates n_outputs outputs of one input, and adds the input's change to `sums`."""

    def generate(context, builder, signature, arguments):
        x_row, y_rows, gradient, sums, n_vectors = arguments
        ys = [load(builder, I64, at(builder, y_rows, 8 * j), 8) for j in range(n_outputs)]
        g = [splat(builder, load(builder, F32, at(builder, gradient, 4 * j))) for j in range(n_outputs)]

        def body(index, _):
            offset = builder.mul(index, i64(4 * LANES))
            x = load(builder, VECTOR, at(builder, x_row, offset))
            place = at(builder, sums, builder.mul(index, i64(4 * LANES * STEP)))
            total = load(builder, VECTOR, place)
            for j in range(n_outputs):  # in sequence, since a centre may occur twice in a group
                row = at(builder, ys[j], offset)
                y = load(builder, VECTOR, row)
                total = fma(builder, g[j], y, total)
                store(builder, fma(builder, g[j], x, y), row)
            store(builder, total, place)
            return []

        loop(builder, n_vectors, [], body)
        return context.get_dummy_value()

    return types.void(*[types.int64] * 5), generate


@intrinsic
def group_update(typing_context, x_row, y_rows, gradient, sums, n_vectors):
    """Update one group: sums += g_j y_j and y_j += g_j x for four outputs y_j of the input x, one after another."""
    return _group_update(n_outputs=4)


@intrinsic
def pair_update(typing_context, x_row, y_rows, gradient, sums, n_vectors):
    """Like group_update, for one output."""
    return _group_update(n_outputs=1)


@intrinsic
def pair_products(typing_context, x_rows, y_rows, n_vectors, products):
    """Write the products x_i.y_i of STEP pairs to `products`, and zeros up to PAIRS."""

    def generate(context, builder, signature, arguments):
        x_rows, y_rows, n_vectors, place = arguments
        zero, products = splat_constant(0.0), []
        for first in range(0, STEP, 4):  # the addresses of all rows would not fit into the registers
            pairs = range(first, first + 4)
            xs, ys = ([load(builder, I64, at(builder, rows, 8 * i), 8) for i in pairs] for rows in (x_rows, y_rows))

            def body(index, sums, xs=xs, ys=ys):
                offset = builder.mul(index, i64(4 * LANES))
                x, y = ([load(builder, VECTOR, at(builder, row, offset)) for row in rows] for rows in (xs, ys))
                return [fma(builder, x[i], y[i], sums[i]) for i in range(4)]

            products += loop(builder, n_vectors, [zero] * 4, body)
        store_sums(builder, [*products, *[zero] * (PAIRS - STEP)], place)
        return context.get_dummy_value()

    return types.void(*[types.int64] * 4), generate
