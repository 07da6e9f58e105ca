"""The products of a step as tiles of vector instructions: what the blocked kernel is made of.

Addresses are int64; `x_rows` and `y_rows` are addresses of arrays of row addresses; n_vectors = d / LANES.
Arrays that stand behind an address must be kept alive by who calls.
"""

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from spacy_w2v.kernels.llvm import (
    F32,
    FOUR,
    I32,
    I64,
    INTS,
    LANES,
    QUADS,
    VECTOR,
    at,
    fma,
    i64,
    load,
    loop,
    sigmoid_and_softplus,
    splat,
    splat_constant,
    store,
)
from spacy_w2v.kernels.llvm import (
    sums as sums_of,
)

STEP = 8
"""Inputs that share one step; their rows and gradients fill half of the 32 vector registers."""

PREFETCH_LOCALITY = 3
"""Into all caches; 2 (L2 only), or asking for ownership, measured the same."""


@intrinsic
def noise_logits(typing_context, x_rows, y_rows, n_vectors, logits):
    """x_i.y_k of four inputs and QUADS noise rows."""

    def generate(context, builder, signature, arguments):
        x_rows, y_rows, n_vectors, logits = arguments
        xs = [load(builder, I64, at(builder, x_rows, 8 * i), 8) for i in range(4)]
        ys = [load(builder, I64, at(builder, y_rows, 8 * k), 8) for k in range(QUADS)]

        def body(index, sums):
            offset = builder.mul(index, i64(4 * LANES))
            x = [load(builder, VECTOR, at(builder, row, offset)) for row in xs]
            results = []
            for k in range(QUADS):
                y = load(builder, VECTOR, at(builder, ys[k], offset))
                results += [fma(builder, x[i], y, sums[4 * k + i]) for i in range(4)]
            return results

        sums = loop(builder, n_vectors, [splat_constant(0.0)] * LANES, body)
        store(builder, sums_of(builder, sums), logits)
        return context.get_dummy_value()

    return types.void(*[types.int64] * 4), generate


@intrinsic
def noise_update(typing_context, x_rows, y_rows, n_quads, gradient, sums, offset):
    """One vector of columns: y_k += sum_i g_ik x_i and x_i += sums_i + sum_k g_ik y_k. Clears sums."""

    def generate(context, builder, signature, arguments):
        x_rows, y_rows, n_quads, gradient, sums, offset = arguments
        xs = [at(builder, load(builder, I64, at(builder, x_rows, 8 * i), 8), offset) for i in range(STEP)]
        x = [load(builder, VECTOR, row) for row in xs]
        places = [at(builder, sums, 4 * LANES * i) for i in range(STEP)]
        sums = [load(builder, VECTOR, place) for place in places]
        for place in places:  # the next step starts from zero
            store(builder, splat_constant(0.0), place)

        def body(index, sums):
            sums = list(sums)
            rows = at(builder, y_rows, builder.mul(index, i64(8 * QUADS)))
            quad = at(builder, gradient, builder.mul(index, i64(4 * LANES * STEP // 4)))
            for k in range(QUADS):
                row = at(builder, load(builder, I64, at(builder, rows, 8 * k), 8), offset)
                y = load(builder, VECTOR, row)
                moved = y
                for i in range(STEP):
                    place = 4 * LANES * (i // 4) + 4 * (4 * k + i % 4)
                    g = splat(builder, load(builder, F32, at(builder, quad, place)))
                    sums[i] = fma(builder, g, y, sums[i])
                    moved = fma(builder, g, x[i], moved)
                store(builder, moved, row)
            return sums

        sums = loop(builder, n_quads, sums, body)
        for row, value in zip(xs, sums, strict=True):  # read again: a word may stand twice in a step
            store(builder, builder.fadd(load(builder, VECTOR, row), value), row)
        return context.get_dummy_value()

    return types.void(*[types.int64] * 6), generate


def _for_each_vector(step):
    """An intrinsic that calls `step(builder, *places)` with the addresses of each vector of three rows."""

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
def take_row(typing_context, row, copy, original, n_vectors):
    """Copy = original = row."""

    def step(builder, row, copy, original):
        value = load(builder, VECTOR, row)
        store(builder, value, copy)
        store(builder, value, original)

    return _for_each_vector(step)


@intrinsic
def bring_row(typing_context, row, copy, original, n_vectors):
    """Row += copy - original: what other threads did to the row meanwhile stays."""

    def step(builder, row, copy, original):
        now, new, old = (load(builder, VECTOR, place) for place in (row, copy, original))
        store(builder, builder.fadd(now, builder.fsub(new, old)), row)

    return _for_each_vector(step)


@intrinsic
def spread_weights(typing_context, input_weights, noise_weights, n_quads):
    """The weights of the step's inputs, once for each noise row, in tiles."""

    def generate(context, builder, signature, arguments):
        input_weights, noise_weights, n_quads = arguments
        tiles = []
        for half in range(STEP // 4):
            four = load(builder, FOUR, at(builder, input_weights, 16 * half))
            tiles.append(builder.shuffle_vector(four, four, ir.Constant(INTS, [0, 1, 2, 3] * QUADS)))

        def body(index, _):
            place = at(builder, noise_weights, builder.mul(index, i64(4 * LANES * len(tiles))))
            for half, tile in enumerate(tiles):
                store(builder, tile, at(builder, place, 4 * LANES * half))
            return []

        loop(builder, n_quads, [], body)
        return context.get_dummy_value()

    return types.void(types.int64, types.int64, types.int64), generate


@intrinsic
def pair_logits(typing_context, x_rows, y_rows, n_vectors, logits):
    """-x.y of QUADS groups of one input and four centres."""

    def generate(context, builder, signature, arguments):
        x_rows, y_rows, n_vectors, logits = arguments
        products = []
        for group in range(QUADS):
            x_row = load(builder, I64, at(builder, x_rows, 8 * group), 8)
            ys = [load(builder, I64, at(builder, y_rows, 32 * group + 8 * j), 8) for j in range(4)]

            def body(index, sums, x_row=x_row, ys=ys):
                offset = builder.mul(index, i64(4 * LANES))
                x = load(builder, VECTOR, at(builder, x_row, offset))
                y = [load(builder, VECTOR, at(builder, row, offset)) for row in ys]
                return [fma(builder, x, y[j], sums[j]) for j in range(4)]

            products += loop(builder, n_vectors, [splat_constant(0.0)] * 4, body)
        store(builder, builder.fsub(splat_constant(-0.0), sums_of(builder, products)), logits)
        return context.get_dummy_value()

    return types.void(*[types.int64] * 4), generate


@intrinsic
def gradients(typing_context, logits, weights, n_tiles, rate, loss):
    """Logits z to rate * weight * s(z), where they stand; loss += weight * log(1 + exp(z)).

    Apart from the products: the chain from a logit to its gradient is long, and many tiles at once hide it.
    """

    def generate(context, builder, signature, arguments):
        logits, weights, n_tiles, rate, loss = arguments
        rates = splat(builder, rate)

        def body(index, values):
            offset = builder.mul(index, i64(4 * LANES))
            place = at(builder, logits, offset)
            weight = load(builder, VECTOR, at(builder, weights, offset))
            sigmoid, softplus = sigmoid_and_softplus(builder, load(builder, VECTOR, place))
            store(builder, builder.fmul(builder.fmul(sigmoid, weight), rates), place)
            return [fma(builder, softplus, weight, values[0])]

        (total,) = loop(builder, n_tiles, [load(builder, VECTOR, loss)], body)
        store(builder, total, loss)
        return context.get_dummy_value()

    return types.void(types.int64, types.int64, types.int64, types.float32, types.int64), generate


@intrinsic
def pair_update(typing_context, x_row, y_rows, gradient, sums, n_vectors):
    """One group: y_j += g_j x, and sums += g_j y_j. The vectors of `sums` lie STEP vectors apart."""

    def generate(context, builder, signature, arguments):
        x_row, y_rows, gradient, sums, n_vectors = arguments
        ys = [load(builder, I64, at(builder, y_rows, 8 * j), 8) for j in range(4)]
        g = [splat(builder, load(builder, F32, at(builder, gradient, 4 * j))) for j in range(4)]

        def body(index, _):
            offset = builder.mul(index, i64(4 * LANES))
            x = load(builder, VECTOR, at(builder, x_row, offset))
            place = at(builder, sums, builder.mul(index, i64(4 * LANES * STEP)))
            total = load(builder, VECTOR, place)
            for j in range(4):  # one after the other: a centre may stand twice in a group
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
def prefetch_row(typing_context, row, n_lines):
    """Ask for a row, 64 bytes a line, for writing later."""

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
