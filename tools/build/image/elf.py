"""Reads of ELF files what the dynamic loader needs: machine, needed libraries, search paths.

Format: the System V ABI, chapters 4 and 5 (https://gabi.xinuos.com). 64-bit little-endian only,
which is what both x86_64 and aarch64 are.
"""

import struct
from dataclasses import dataclass
from pathlib import Path

_MAGIC = b"\x7fELF"
_PT_LOAD, _PT_DYNAMIC = 1, 2
_DT_NEEDED, _DT_STRTAB, _DT_RPATH, _DT_RUNPATH = 1, 5, 15, 29
_MACHINES = {62: "amd64", 183: "arm64"}


@dataclass(frozen=True)
class Elf:
    """`architecture` is as OCI images name it; other machines are given by number."""

    architecture: str
    needed: tuple[str, ...]
    search: tuple[str, ...]


def read_elf(path: Path) -> Elf | None:
    """Read a file; None if it is not ELF."""
    with path.open("rb") as file:
        if file.read(4) != _MAGIC:
            return None
    data = path.read_bytes()
    if data[4:6] != b"\x02\x01":
        return Elf("32-bit or big-endian", (), ())
    machine = struct.unpack_from("<H", data, 18)[0]
    architecture = _MACHINES.get(machine, f"machine {machine}")
    segments = _segments(data)
    dynamic = next((s for s in segments if s[0] == _PT_DYNAMIC), None)
    if dynamic is None:
        return Elf(architecture, (), ())
    entries = _dynamic(data, dynamic[1], dynamic[3])
    table = next((_offset(segments, value) for tag, value in entries if tag == _DT_STRTAB), 0)

    def text(value: int) -> str:
        start = table + value
        return data[start : data.index(b"\0", start)].decode()

    return Elf(
        architecture,
        tuple(text(value) for tag, value in entries if tag == _DT_NEEDED),
        tuple(
            folder
            for tag, value in entries
            if tag in (_DT_RPATH, _DT_RUNPATH)
            for folder in text(value).split(":")
            if folder
        ),
    )


def _segments(data: bytes) -> list[tuple[int, int, int, int]]:
    """Each segment's type, offset, address and size in the file."""
    (start,) = struct.unpack_from("<Q", data, 32)
    size, count = struct.unpack_from("<HH", data, 54)
    segments = []
    for index in range(count):
        kind, _, offset, address, _, length = struct.unpack_from(
            "<IIQQQQ", data, start + index * size
        )
        segments.append((kind, offset, address, length))
    return segments


def _dynamic(data: bytes, offset: int, size: int) -> list[tuple[int, int]]:
    entries: list[tuple[int, int]] = []
    for place in range(offset, offset + size, 16):
        tag, value = struct.unpack_from("<qQ", data, place)
        if tag == 0:
            break
        entries.append((tag, value))
    return entries


def _offset(segments: list[tuple[int, int, int, int]], address: int) -> int:
    for kind, offset, start, size in segments:
        if kind == _PT_LOAD and start <= address < start + size:
            return offset + address - start
    return 0
