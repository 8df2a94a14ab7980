"""Strings of a few classes as codes, without a sort of them all.

The classes of the first rows are hashed into a table without collisions; every row is looked up there and
compared with what it finds, so that the codes are exact. Rows of a class that the first ones lack are sorted.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lossary.metrics.arrays import Array

Codes = NDArray[np.uint16]

# Rows that tell which classes there are, and rows hashed at a time, few enough for the cache.
_FIRST, _BLOCK = 1 << 12, 1 << 14

# The table: beyond so many classes, one without collisions is hard to find.
_BITS, _MOST, _TRIES = 16, 1 << 8, 64


def string_codes(arrays: Sequence[Array]) -> tuple[Array, list[Array]]:
    """The distinct strings of all arrays, sorted, and for each array where its strings stand among them.

    Example:
        >>> classes, (codes, more) = string_codes([np.array(["b", "a"]), np.array(["cc", "a"])])
        >>> classes.tolist(), codes.tolist(), more.tolist()
        (['a', 'b', 'cc'], [1, 0], [2, 0])
    """
    dtype = np.result_type(*arrays)
    arrays = [np.ascontiguousarray(each, dtype) for each in arrays]
    classes = np.unique(np.concatenate([each[:_FIRST] for each in arrays]))
    for _ in range(2):
        if len(classes) > _MOST:
            break
        found = [_look_up(each, classes) for each in arrays]
        missed = [each[rows] for each, (_, rows) in zip(arrays, found, strict=True)]
        if not any(map(len, missed)):
            return classes, [codes for codes, _ in found]
        classes = np.union1d(classes, np.concatenate(missed))
    classes, codes = np.unique(np.concatenate(arrays), return_inverse=True)
    return classes, np.split(codes, np.cumsum([len(each) for each in arrays])[:-1])


def _look_up(strings: Array, classes: Array) -> tuple[Codes, NDArray[np.intp]]:
    """The code of each string, and the rows whose string is none of the classes."""
    known, rows = _characters(classes), _characters(strings)
    # Characters as bytes, as far as the classes allow it: a quarter of the words to hash and compare.
    size = 1 if int(known.max()) < 256 else 4
    buffer = np.zeros((max(_BLOCK, len(known)), -(-known.shape[1] * size // 8)), np.uint64)
    characters = buffer.view(f"u{size}")[:, : known.shape[1]]
    characters[: len(known)] = known
    words = buffer[: len(known)].copy()
    factors, table = _table(words)
    columns = [np.ascontiguousarray(column) for column in words.T]
    codes, missed = np.empty(len(rows), np.uint16), []
    for start in range(0, len(rows), _BLOCK):
        block = rows[start : start + _BLOCK]
        characters[: len(block)] = block
        words = buffer[: len(block)]
        code = table[_buckets(words, factors)]
        same = columns[0][code] == words[:, 0]
        for place in range(1, len(columns)):
            same &= columns[place][code] == words[:, place]
        if size == 1 and int(block.max()) >= 256:
            same &= (block < 256).all(axis=1)
        if not same.all():
            missed.append(start + np.flatnonzero(~same))
        codes[start : start + _BLOCK] = code
    return codes, np.concatenate(missed) if missed else np.empty(0, np.intp)


def _characters(strings: Array) -> Array:
    """The code points of each string, zeros behind its end."""
    return strings.view(np.uint32).reshape(len(strings), strings.dtype.itemsize // 4)


def _table(known: NDArray[np.uint64]) -> tuple[NDArray[np.uint64], Codes]:
    """Factors under which no two classes share a bucket, and the class of each bucket."""
    generator = np.random.default_rng(0)
    for _ in range(_TRIES):
        factors = generator.integers(0, 2**64, known.shape[1], np.uint64) | np.uint64(1)
        buckets = _buckets(known, factors)
        if len(np.unique(buckets)) == len(known):
            break
    # Without such factors, rows of the classes that lost their bucket are missed, and all rows are sorted.
    table = np.zeros(1 << _BITS, np.uint16)
    table[buckets] = np.arange(len(known))
    return factors, table


def _buckets(words: NDArray[np.uint64], factors: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The highest bits of the sum of words times odd factors, modulo 2^64."""
    hashed = words[:, 0] * factors[0]
    for place in range(1, len(factors)):
        hashed += words[:, place] * factors[place]
    return np.asarray(hashed >> np.uint64(64 - _BITS))
