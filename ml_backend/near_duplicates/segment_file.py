"""A segment as a file: written whole or not at all, checked when it is opened, and mapped into memory.

64 bytes of header, then the ids, the signatures and the bands as in memory (little-endian). Processes that map the same
file share its memory, and keep what they mapped when the file is deleted.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from ml_backend.near_duplicates.minhash import BANDS, PERMUTATIONS
from ml_backend.near_duplicates.segment import Merger, Segment

_HEADER = struct.Struct("<16sQQ32x")  # name, rows, sum of all words that follow
_NAME = b"concord-segment2"
_ROW_BYTES = 8 + PERMUTATIONS + 8 * BANDS
_BLOCK = 1 << 20


class DamagedSegment(ValueError):
    """The file is not a whole segment."""


def write(path: Path, merger: Merger) -> None:
    """Write what the merger gives; raises OSError, and leaves no file under this name then."""
    aside = path.with_suffix(".unfinished")
    with aside.open("wb") as file:
        file.write(bytes(_HEADER.size))
        total = sum(_write(file, chunk) for chunk in _chunks(merger)) % (1 << 64)
        file.seek(0)
        file.write(_HEADER.pack(_NAME, merger.rows, total))
        file.flush()
        os.fsync(file.fileno())
    aside.replace(path)


def read(path: Path) -> Segment:
    """Map a segment; raises DamagedSegment or OSError."""
    rows = _check(path)
    words = np.memmap(path, dtype="<u8", mode="r", offset=_HEADER.size, shape=(rows * _ROW_BYTES // 8,))
    plain = np.asarray(words)  # a memmap's own indexing is slow
    signatures = plain[rows : rows + rows * PERMUTATIONS // 8].view(np.uint8).reshape(rows, PERMUTATIONS)
    return Segment(plain[:rows].view(np.int64), signatures, plain[len(plain) - rows * BANDS :])


def _chunks(merger: Merger) -> Iterator[NDArray[np.generic]]:
    yield merger.ids()
    yield from merger.signatures()
    yield from (merger.band(number) for number in range(BANDS))


def _write(file: BinaryIO, chunk: NDArray[np.generic]) -> int:
    words = np.ascontiguousarray(chunk).reshape(-1).view("<u8")
    file.write(words.data)
    return _sum(words)


def _sum(words: NDArray[np.uint64]) -> int:
    """Modulo 2⁶⁴. It finds what happens to files (missing, zeroed and overwritten pages) as fast as they are read."""
    return int(np.add.reduce(words, dtype=np.uint64))


def _check(path: Path) -> int:
    """How many rows a whole file has; it is read, not mapped, so that checking it takes no memory."""
    with path.open("rb") as file:
        header = file.read(_HEADER.size)
        if len(header) < _HEADER.size:
            raise DamagedSegment(f"{path} ends in its header")
        name, rows, total = _HEADER.unpack(header)
        if name != _NAME or path.stat().st_size != _HEADER.size + rows * _ROW_BYTES:
            raise DamagedSegment(f"{path} is not a segment of its size")
        blocks = iter(lambda: file.read(_BLOCK), b"")
        if sum(_sum(np.frombuffer(block, dtype="<u8")) for block in blocks) % (1 << 64) != total:
            raise DamagedSegment(f"{path} is not as it was written")
    return int(rows)
