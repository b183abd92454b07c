"""Files that several calls may write at once."""

from __future__ import annotations

import tempfile
from pathlib import Path

from bazel_launcher.errors import LauncherError


def write_whole(target: Path, content: bytes, *, executable: bool = False) -> None:
    """Write a file so that other callers see all of it or nothing.

    Raises:
        LauncherError: it cannot be written; says where and why.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=target.parent, delete=False) as part:
            part.write(content)
        Path(part.name).chmod(0o755 if executable else 0o644)
        Path(part.name).replace(target)
    except OSError as error:
        raise LauncherError(f"cannot write {target}: {error.strerror}") from error
