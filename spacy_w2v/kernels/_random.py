"""Random numbers in kernels, from an explicit xoshiro256++ state for each chunk."""

import numpy as np
from numba import njit

from spacy_w2v._arrays import Noise, RandomState


@njit(error_model="numpy")
def next_random(state: RandomState) -> np.uint64:
    """Return the next 64 bits of xoshiro256++ (Blackman & Vigna 2019) and advance its state."""
    s0, s1, s2, s3 = state[0], state[1], state[2], state[3]
    total = s0 + s3
    result = ((total << np.uint64(23)) | (total >> np.uint64(41))) + s0
    shifted = s1 << np.uint64(17)
    s2 ^= s0
    s3 ^= s1
    s1 ^= s2
    s0 ^= s3
    s2 ^= shifted
    s3 = (s3 << np.uint64(45)) | (s3 >> np.uint64(19))
    state[0], state[1], state[2], state[3] = s0, s1, s2, s3
    return result


@njit(error_model="numpy")
def scale_below(bits: np.uint64, n: np.uint64) -> np.uint64:
    """Return a uniform integer in [0, n) from 32 random bits, for n < 2³². Its relative bias is below n / 2³²."""
    return (bits * n) >> np.uint64(32)


@njit(error_model="numpy")
def noise_bucket(bits: np.uint64, noise: Noise) -> np.uint64:
    """Return the bucket of the alias table chosen by the upper 36 of 64 random bits."""
    return ((bits >> np.uint64(28)) * np.uint64(noise.threshold.size)) >> np.uint64(36)


@njit(error_model="numpy")
def noise_word(bits: np.uint64, noise: Noise) -> np.uint32:
    """Return a noise word. The upper 36 of 64 random bits choose the bucket, the lower 28 the bucket or its alias."""
    bucket = noise_bucket(bits, noise)
    if np.uint32(bits & np.uint64(0xFFFFFFF)) < noise.threshold[bucket]:
        return np.uint32(bucket)
    return noise.alias[bucket]
