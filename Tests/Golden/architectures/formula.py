"""The numbers of `Formula` in Tests/Support/TestSupport.swift, to the same bit."""

import numpy as np

GOLDEN_RATIO = np.uint64(0x9E3779B97F4A7C15)


def unit(name, count):
    """`count` float32 in [-1, 1): SplitMix64 over the FNV-1a hash of the name."""
    hashed = 0xCBF29CE484222325
    for byte in name.encode():
        hashed = (hashed ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    z = np.arange(count, dtype=np.uint64)
    z *= GOLDEN_RATIO
    z += GOLDEN_RATIO
    z += np.uint64(hashed)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        z ^= z >> np.uint64(shift)
        z *= np.uint64(factor)
    z ^= z >> np.uint64(31)
    z >>= np.uint64(40)
    return z.astype(np.float32) * np.float32(2.0**-23) - np.float32(1)


def tensor(name, shape, scale=1, offset=0):
    values = np.float32(offset) + np.float32(scale) * unit(name, int(np.prod(shape)))
    assert values.dtype == np.float32
    return values.reshape(shape)


def parameter(name, shape):
    """A parameter by its full name; the rule goes by the name's ending and the rank alone."""
    if len(shape) >= 2:
        return tensor(name, shape, scale=np.sqrt(6 / np.prod(shape[1:], dtype=np.float64)))
    if name.endswith(".running_var"):
        return tensor(name, shape, 0.5, 1)
    if name.endswith(".weight"):
        return tensor(name, shape, 0.2, 0.8)
    return tensor(name, shape, 0.1, 0)
