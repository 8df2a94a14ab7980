"""Sums of errors in topology, as a state holds them: integers, their options, and both as bytes."""

import struct
import zlib
from threading import Lock
from typing import Self

import numpy as np
from numpy.typing import NDArray

from lossary.errors import InvalidInputError

Sums = NDArray[np.int64]

_MAGIC, _VERSION, _KIND = b"lossary\x1a", 1, 5
_HEADER = struct.Struct("<8sHBBH")

LONGEST_TAG = 2**16 - 1

# So that the sum of a few does not overflow either.
_MOST = 2**60


class TopologySums:
    """The number of images, and sums of them for each column and measure, under options in a tag.

    It stands where other states have a kernel of compiled code, and writes the same form of bytes: magic,
    version, kind, form, length of the tag, tag, content, CRC-32 of all before, in little-endian order.
    """

    __slots__ = ("_content", "_lock", "tag")

    def __init__(self, tag: str, columns: int, measures: int) -> None:
        """Sums of no images."""
        self.tag = tag
        # One object, replaced as a whole: whoever reads it while others write has all of one time.
        self._content: tuple[int, Sums] = 0, np.zeros((columns, measures), np.int64)
        self._lock = Lock()

    @property
    def content(self) -> tuple[int, Sums]:
        """The number of images, and the sums, (columns, measures), which never change."""
        return self._content

    @property
    def nbytes(self) -> int:
        """Bytes that the sums take."""
        return self._content[1].nbytes

    def add(self, images: int, sums: Sums) -> None:
        """Add sums of other images.

        Raises:
            InvalidInputError: more than 2**60 of anything. The sums are unchanged.
        """
        with self._lock:
            own_images, own = self._content
            most = max(own_images, int(own.max())) + max(images, int(sums.max()))
            if most > _MOST:
                raise InvalidInputError(f"state: got {most} images or errors; wanted at most 2**60")
            self._content = own_images + images, own + sums

    def merge(self, other: Self) -> None:
        """Add what another holds.

        Raises:
            InvalidInputError: other options, or too many errors.
        """
        if other.tag != self.tag:
            raise InvalidInputError(f"other: got a state with {other.tag}; wanted one with {self.tag}")
        self.add(*other._content)

    def copy(self) -> Self:
        """The same, apart."""
        made = type(self)(self.tag, *self._content[1].shape)
        made._content = self._content
        return made

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, TopologySums):
            return NotImplemented
        (own_images, own), (images, sums) = self._content, other._content
        return (self.tag, own_images) == (other.tag, images) and np.array_equal(own, sums)

    __hash__ = None  # type: ignore[assignment]

    def to_bytes(self) -> bytes:
        """The sums as bytes. Equal sums have equal bytes."""
        images, sums = self._content
        tag = self.tag.encode()
        header = _HEADER.pack(_MAGIC, _VERSION, _KIND, 0, len(tag)) + tag
        data = header + struct.pack("<QII", images, *sums.shape) + sums.astype("<i8").tobytes()
        return data + struct.pack("<I", zlib.crc32(data))

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """The sums of bytes that `to_bytes` gave.

        Raises:
            InvalidInputError: other bytes, damaged ones, another kind of state, or a newer version.
        """
        wanted = "wanted what to_bytes returned"
        if data[:8] != _MAGIC:
            raise InvalidInputError(f"data: got other bytes; {wanted}")
        version = int.from_bytes(data[8:10], "little")
        if version > _VERSION:
            raise InvalidInputError(
                f"data: got a state of version {version}; wanted at most {_VERSION}: update lossary"
            )
        body, checksum = data[:-4], data[-4:]
        if len(body) < _HEADER.size or zlib.crc32(body) != int.from_bytes(checksum, "little"):
            raise InvalidInputError("data: got a damaged or cut state; wanted one whose checksum fits")
        _, version, kind, form, length = _HEADER.unpack_from(body)
        if kind != _KIND:
            raise InvalidInputError("data: got another kind of state; wanted this kind")
        try:
            tag = body[_HEADER.size :][:length].decode()
            images, columns, measures = struct.unpack_from("<QII", body, _HEADER.size + length)
            sums = np.frombuffer(body, "<i8", offset=_HEADER.size + length + 16).astype(np.int64)
            made = cls(tag, 0, 0)
            made._content = images, sums.reshape(columns, measures)
        except (ValueError, struct.error) as error:
            raise InvalidInputError(f"data: got another length than it says; {wanted}") from error
        possible = sums.size and sums.min() >= 0 and max(images, int(sums.max())) <= _MOST
        if version != 1 or form or not possible or (not images and sums.any()):
            raise InvalidInputError(f"data: got sums that no images have; {wanted}")
        return made
