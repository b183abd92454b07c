"""Zips made for a test, right in every way unless the test says otherwise."""

import zipfile
from collections.abc import Mapping
from pathlib import Path

TIME = (1980, 1, 1, 0, 0, 0)


def entry(name: str, mode: int = 0o644, time: tuple[int, ...] = TIME) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, time)  # type: ignore[arg-type]
    info.external_attr = mode << 16
    return info


def make(path: Path, files: Mapping[str, bytes]) -> Path:
    """Write a zip of sorted files."""
    return pack(path, [(entry(name), content) for name, content in sorted(files.items())])


def pack(path: Path, entries: list[tuple[zipfile.ZipInfo, bytes]]) -> Path:
    """Write a zip of entries as they are."""
    with zipfile.ZipFile(path, "w") as content:
        for info, data in entries:
            content.writestr(info, data)
    return path


def metadata(name: str, version: str = "1.0", requires: tuple[str, ...] = ()) -> dict[str, bytes]:
    """What a wheel says of itself."""
    lines = [
        "Metadata-Version: 2.4",
        f"Name: {name}",
        f"Version: {version}",
        *(f"Requires-Dist: {one}" for one in requires),
        "",
        "Description.",
    ]
    folder = f"{name.replace('-', '_')}-{version}.dist-info"
    return {f"{folder}/METADATA": "\n".join(lines).encode()}
