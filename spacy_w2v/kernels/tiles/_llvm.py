"""LLVM code for float32 vectors of the processor's full width, from which tiles are built.

Plain loops are slower: LLVM's vectoriser uses only half the width, and cannot prove that rows do not overlap.
"""

import numpy as np
from llvmlite import ir

from spacy_w2v.kernels.tiles._processor import PROCESSOR

LANES = PROCESSOR.lanes
"""float32 numbers in a vector: 16, 8 or 4."""
OUTPUTS = PROCESSOR.n_registers // 8
"""Outputs of a tile, which has four inputs. The sums of its products fill half of the registers."""
TILE = 4 * OUTPUTS
"""Products of a tile: one vector or several."""

F32, I32, I64 = ir.FloatType(), ir.IntType(32), ir.IntType(64)
VECTOR, INTS = ir.VectorType(F32, LANES), ir.VectorType(I32, LANES)
FOUR = ir.VectorType(F32, 4)


def i64(value):
    return ir.Constant(I64, value)


def splat_constant(value):
    return ir.Constant(VECTOR, [float(np.float32(value))] * LANES)


def splat(builder, scalar):
    vector = builder.insert_element(ir.Constant(VECTOR, ir.Undefined), scalar, ir.Constant(I32, 0))
    return builder.shuffle_vector(vector, vector, ir.Constant(ir.VectorType(I32, LANES), [0] * LANES))


def splat_four(builder, address):
    """Return four vectors, each of them full of one of the four numbers at an address.

    AVX loads a number into all lanes at once. NEON multiplies by one lane of a vector, and SSE2 needs a shuffle in any
    case, so there the four numbers are loaded at once.
    """
    if LANES > 4:
        return [splat(builder, load(builder, F32, at(builder, address, 4 * i))) for i in range(4)]
    four = load(builder, FOUR, address)
    return [builder.shuffle_vector(four, four, ir.Constant(INTS, [i] * LANES)) for i in range(4)]


def at(builder, address, offset=0):
    return builder.add(address, i64(offset) if isinstance(offset, int) else offset)


def load(builder, kind, address, align=4):
    return builder.load(builder.inttoptr(address, kind.as_pointer()), align=align)


def store(builder, value, address):
    builder.store(value, builder.inttoptr(address, value.type.as_pointer()), align=4)


def fma(builder, a, b, c):
    name = f"llvm.fmuladd.v{LANES}f32"
    kind = ir.FunctionType(VECTOR, [VECTOR] * 3)
    function = builder.module.globals.get(name) or ir.Function(builder.module, kind, name)
    return builder.call(function, [a, b, c])


def unary(builder, operation, a):
    name = f"llvm.{operation}.v{LANES}f32"
    kind = ir.FunctionType(VECTOR, [VECTOR])
    function = builder.module.globals.get(name) or ir.Function(builder.module, kind, name)
    return builder.call(function, [a])


def polynomial(builder, x, coefficients):
    """Evaluate a polynomial at x by Horner's scheme, highest coefficient first."""
    value = splat_constant(coefficients[0])
    for coefficient in coefficients[1:]:
        value = fma(builder, value, x, splat_constant(coefficient))
    return value


def loop(builder, count, carried, body):
    """Run `body(index, values) -> values` for `count` >= 1 times, with the values in registers.

    Args:
        builder: The builder, at the end of the block before the loop. Afterwards it is in the block after the loop.
        count: Number of iterations, i64.
        carried: The initial values.
        body: Appends the code of one iteration and returns its values.

    Returns:
        The values after the last iteration.
    """
    before = builder.basic_block
    head = builder.append_basic_block("loop")
    builder.branch(head)
    builder.position_at_end(head)
    index = builder.phi(I64)
    index.add_incoming(i64(0), before)
    phis = []
    for value in carried:
        phi = builder.phi(value.type)
        phi.add_incoming(value, before)
        phis.append(phi)
    results = body(index, phis)
    following = builder.add(index, i64(1))
    tail = builder.basic_block
    index.add_incoming(following, tail)
    for phi, result in zip(phis, results, strict=True):
        phi.add_incoming(result, tail)
    after = builder.append_basic_block("after")
    builder.cbranch(builder.icmp_signed("<", following, count), head, after)
    builder.position_at_end(after)
    return results


def _sums(builder, vectors):
    """Return a vector whose lane j is the sum of vectors[j], by shuffles within and then across 128-bit lanes.

    Of four vectors, lane j of each 128 bits is the sum of the lanes of vectors[j] in these 128 bits.
    """

    def combined(a, b, first, second):
        masks = [ir.Constant(INTS, mask) for mask in (first, second)]
        return builder.fadd(*(builder.shuffle_vector(a, b, mask) for mask in masks))

    lanes = range(0, LANES, 4)
    for pattern in ((0, LANES, 1, LANES + 1), (0, 1, LANES, LANES + 1)):  # unpack floats, then pairs
        first = [lane + p for lane in lanes for p in pattern]
        second = [index + 2 for index in first]
        vectors = [combined(a, b, first, second) for a, b in zip(vectors[::2], vectors[1::2], strict=True)]
    while len(vectors) > 1:
        first = [source + lane + p for source in (0, LANES) for lane in range(0, LANES, 8) for p in range(4)]
        second = [index + 4 for index in first]
        vectors = [combined(a, b, first, second) for a, b in zip(vectors[::2], vectors[1::2], strict=True)]
    return vectors[0]


def store_sums(builder, vectors, address):
    """Store the sums of the lanes of each vector. The number of vectors is a multiple of LANES."""
    for first in range(0, len(vectors), LANES):
        store(builder, _sums(builder, vectors[first : first + LANES]), at(builder, address, 4 * first))


def four_sums(builder, vectors):
    """Return the sums of the lanes of four vectors, as a vector of four."""
    total, width = _sums(builder, vectors), LANES
    while width > 4:
        width //= 2
        kind = ir.VectorType(I32, width)
        halves = [ir.Constant(kind, list(range(first, first + width))) for first in (0, width)]
        total = builder.fadd(*(builder.shuffle_vector(total, total, half) for half in halves))
    return total


def fitted(function, low, high, degree):
    """Return the coefficients of a near-minimax polynomial, fitted at Chebyshev nodes, highest first."""
    nodes = np.cos(np.pi * (np.arange(200) + 0.5) / 200)
    x = (low + high) / 2 + (high - low) / 2 * nodes
    return (
        np.polynomial.Chebyshev.fit(x, function(x), degree, [low, high])
        .convert(kind=np.polynomial.Polynomial)
        .coef[::-1]
    )


# Accurate to float32 precision, see test_sigmoid_and_softplus.
_EXP2 = fitted(np.exp2, -0.5, 0.5, 5)
_LOG1P = fitted(lambda e: np.log1p(e) / e, 0.0, 1.0, 8)


def exponential(builder, size):
    """Return exp(-size) for size >= 0. Above 87 the result is exp(-87), so that it stays normal. NaN stays NaN."""
    far = builder.fcmp_ordered(">", size, splat_constant(87.0))
    size = builder.select(far, splat_constant(87.0), size)
    power = builder.fmul(size, splat_constant(-1.4426950408889634))
    whole = unary(builder, "rint", power)
    part = builder.fsub(power, whole)
    # Converting NaN to an integer is undefined, so use 0; `part` passes the NaN on.
    known = builder.select(builder.fcmp_unordered("uno", whole, whole), splat_constant(0.0), whole)
    exponent = builder.fptosi(known, INTS)
    exponent = builder.shl(builder.add(exponent, ir.Constant(INTS, [127] * LANES)), ir.Constant(INTS, [23] * LANES))
    return builder.fmul(polynomial(builder, part, _EXP2), builder.bitcast(exponent, VECTOR))


def sigmoid_and_softplus(builder, z):
    """Return s(z) = 1 / (1 + exp(-z)) and log(1 + exp(z)).

    Both are computed from exp(-|z|), which cannot overflow. NaN stays NaN.
    """
    e = exponential(builder, unary(builder, "fabs", z))
    inverse = builder.fdiv(splat_constant(1.0), builder.fadd(e, splat_constant(1.0)))
    positive = builder.fcmp_ordered(">=", z, splat_constant(0.0))
    sigmoid = builder.fmul(builder.select(positive, splat_constant(1.0), e), inverse)
    softplus = fma(builder, e, polynomial(builder, e, _LOG1P), builder.select(positive, z, splat_constant(0.0)))
    return sigmoid, softplus
