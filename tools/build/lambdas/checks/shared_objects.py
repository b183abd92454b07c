"""Every shared object of a zip is for the architecture that the zip is for."""

from collections.abc import Iterator
from pathlib import Path

from tools.build.image.elf import read_elf

# Lambda's names of architectures, and OCI's, which the reader gives.
_ARCHITECTURES = {"arm64": "arm64", "x86_64": "amd64"}


def shared_objects(unpacked: Path, architecture: str) -> Iterator[str]:
    """Look into every file, whatever its name ends with; a name can claim another machine too."""
    for path in sorted(unpacked.rglob("*")):
        elf = read_elf(path) if path.is_file() else None
        if elf and elf.architecture != _ARCHITECTURES[architecture]:
            name = path.relative_to(unpacked)
            yield f"{name} is for {elf.architecture}, the zip is for {architecture}"


def count(unpacked: Path) -> int:
    """Return how many ELF files there are."""
    return sum(1 for path in unpacked.rglob("*") if path.is_file() and read_elf(path))
