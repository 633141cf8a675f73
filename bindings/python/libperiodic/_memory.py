"""Batches of C structs, made and read in a few calls each, whatever their number.

A struct is a run of 64-bit numbers here, and a batch of them one array, so that columns are filled and
read in loops of C.
"""

from __future__ import annotations

import ctypes
import struct
from array import array
from collections.abc import Sequence
from itertools import accumulate
from typing import Any

from . import _bindings

# All of memory as one array of characters: a slice copies bytes from an address, at a third of what
# ctypes.string_at() takes.
_memory: Any = (ctypes.c_char * (2**62)).from_address(0)

FIELDS_SIZE = ctypes.sizeof(_bindings.periodic_job_fields)
REPORT_SIZE = ctypes.sizeof(_bindings.periodic_report)
INFO_SIZE = ctypes.sizeof(_bindings.periodic_job_info)
_INFO = struct.Struct("=8Q4i")
assert _INFO.size == INFO_SIZE and FIELDS_SIZE == 72 and REPORT_SIZE == 48

Some = Sequence[bytes]
Columns = tuple[Some, Some, Some, Sequence[int], Sequence[int]]
"""Jobs to be submitted: functions, names, workloads, when (seconds since 1970), seconds that each may take.
One function may stand for all; the last two may be empty, for 0 each."""
Report = tuple[int, int, int, int, bytes]
"""What to say of a job: its pointer, a kind, a step, a delay, data."""
Shown = tuple[bytes, bytes, bytes, int, int, int]
"""A job in hand: function, name, workload, count, timeout, pointer."""

DONE, FAIL, LATER = 1, 2, 3


def copy(address: int | None, length: int) -> bytes:
    """The bytes that lie at an address."""
    if not address or not length:
        return b""
    data: bytes = _memory[address : address + length]
    return data


def address_of(data: bytes) -> int:
    """Where bytes lie, for as long as the object lives."""
    return ctypes.cast(ctypes.c_char_p(data), ctypes.c_void_p).value or 0


class Batch:
    """An array of C structs, and the bytes that they point to."""

    __slots__ = ("_bytes", "_numbers", "address", "count")

    def __init__(self, numbers: array[int], held: bytes, count: int) -> None:
        self._numbers = numbers
        self._bytes = held
        self.count = count
        self.address = numbers.buffer_info()[0]


def _laid_out(parts: Sequence[bytes]) -> tuple[bytes, array[int], array[int]]:
    """All parts in one run of bytes, with the address and the length of each."""
    held = b"".join(parts)
    lengths = array("q", map(len, parts))
    starts = array("q", accumulate(lengths, initial=address_of(held)))
    starts.pop()
    return held, starts, lengths


def job_fields(columns: Columns) -> Batch:
    """An array of periodic_job_fields."""
    functions, names, workloads, times, timeouts = columns
    count = len(names)
    held, starts, lengths = _laid_out((*names, *workloads, *functions))
    numbers = array("q", bytes(FIELDS_SIZE * count))
    numbers[0::9] = array("q", [FIELDS_SIZE]) * count
    each = count // len(functions)
    numbers[1::9] = starts[2 * count :] * each
    numbers[2::9] = lengths[2 * count :] * each
    numbers[3::9], numbers[4::9] = starts[:count], lengths[:count]
    numbers[5::9], numbers[6::9] = starts[count : 2 * count], lengths[count : 2 * count]
    if times:
        numbers[7::9] = array("q", times)
    if timeouts:
        # The low half of eight bytes is the timeout, the high one is reserved.
        numbers[8::9] = array("q", timeouts)
    return Batch(numbers, held, count)


def reports(rows: Sequence[Report]) -> Batch:
    """An array of periodic_report."""
    count = len(rows)
    pointers, kinds, steps, delays, pieces = zip(*rows)
    held, starts, lengths = _laid_out(pieces)
    numbers = array("q", bytes(REPORT_SIZE * count))
    numbers[0::6] = array("q", [REPORT_SIZE]) * count
    numbers[1::6] = array("q", pointers)
    numbers[2::6] = array("q", [kind | step << 32 for kind, step in zip(kinds, steps)])
    numbers[3::6] = array("q", delays)
    numbers[4::6] = starts
    numbers[5::6] = lengths
    return Batch(numbers, held, count)


def pointers(some: Sequence[int]) -> Batch:
    """An array of pointers."""
    return Batch(array("q", some), b"", len(some))


class Arrivals:
    """Room for the jobs that a worker takes at a time; used again for each batch."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._pointers = array("q", bytes(8 * most))
        self._infos = bytearray(INFO_SIZE * most)
        self._infos[:8] = INFO_SIZE.to_bytes(8, "little")
        self.pointers = self._pointers.buffer_info()[0]
        self.infos = ctypes.addressof(ctypes.c_char.from_buffer(self._infos))

    def shown(self, count: int) -> list[Shown]:
        """The jobs that have been shown, copied."""
        memory = _memory
        rows = _INFO.iter_unpack(memoryview(self._infos)[: INFO_SIZE * count])
        return [
            (memory[f : f + fs], memory[n : n + ns], memory[w : w + ws], again, timeout, pointer)
            for pointer, (_, f, fs, n, ns, w, ws, _, _, again, timeout, _) in zip(self._pointers, rows)
        ]
