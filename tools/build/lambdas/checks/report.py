"""The figures of a zip, for people and for programs."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Figures:
    """One zip. Sizes in bytes, times in ms; times are None where the zip cannot run here."""

    name: str
    architecture: str
    runtime: str
    code_sha256: str
    zipped_bytes: int
    unzipped_bytes: int
    files: int
    shared_objects: int
    packages: tuple[str, ...]
    import_ms: float | None
    slowest_imports: tuple[tuple[str, float], ...]


def markdown(figures: list[Figures]) -> str:
    """Return a table, one line a zip, and the slowest imports below."""
    lines = [
        "| zip | zipped kB | unpacked kB | files | shared objects | import ms (best) |",
        "|---|---|---|---|---|---|",
    ]
    for one in figures:
        took = "not run" if one.import_ms is None else f"{one.import_ms:.1f}"
        lines.append(
            f"| {one.name} ({one.architecture}) | {one.zipped_bytes / 1e3:.1f} "
            f"| {one.unzipped_bytes / 1e3:.1f} | {one.files} | {one.shared_objects} | {took} |"
        )
    for one in figures:
        for module, ms in one.slowest_imports:
            lines.append(f"- {module}: {ms:.1f} ms by itself")
    return "\n".join(lines) + "\n"


def write(figures: list[Figures], folder: Path) -> None:
    """Write `zip.json` and `zip.md`."""
    content = json.dumps([asdict(one) for one in figures], indent=2)
    (folder / "zip.json").write_text(content + "\n", encoding="utf-8")
    (folder / "zip.md").write_text(markdown(figures), encoding="utf-8")
