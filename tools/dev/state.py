"""The folder that `up` keeps between runs: the tables, and whether the catalogue was put in."""

from __future__ import annotations

import fcntl
import os
import shutil
from pathlib import Path
from typing import IO

from tools.dev.errors import DevError

DATABASE = "dynamodb"
# In the database's folder: whoever removes that gets a new catalogue too.
SEEDED = f"{DATABASE}/catalogue-seeded"
LOCK = "up.lock"


def default_folder() -> Path:
    """Return where programs of this user keep state (XDG Base Directory Specification)."""
    base = os.environ.get("XDG_STATE_HOME")
    return (Path(base) if base else Path.home() / ".local/state") / "granary"


class State:
    """An open state folder, held by one `up` at a time until it ends."""

    def __init__(self, folder: Path) -> None:
        """Make the folder if need be and take it.

        Raises:
            DevError: it cannot be made, or another `up` holds it.
        """
        self.folder = folder
        try:
            folder.mkdir(parents=True, exist_ok=True)
            # For reading and appending: the other holder's number must outlast a failed try.
            self._lock: IO[str] = (folder / LOCK).open("a+", encoding="utf-8")
        except OSError as error:
            raise DevError(
                f"the state folder {folder} cannot be used ({error.strerror}): "
                "choose another with --data-dir"
            ) from error
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._lock.seek(0)
            holder = self._lock.read().strip() or "unknown"
            self._lock.close()
            raise DevError(
                f"another `up` (process {holder}) uses {folder}: stop it, or choose another "
                "folder with --data-dir"
            ) from error
        self._lock.truncate(0)
        self._lock.write(str(os.getpid()))
        self._lock.flush()

    @property
    def database(self) -> Path:
        """The folder of DynamoDB Local."""
        return self.folder / DATABASE

    @property
    def is_seeded(self) -> bool:
        """Whether the catalogue was put in; what was sold since is not given back."""
        return (self.folder / SEEDED).exists()

    def mark_seeded(self) -> None:
        """Remember that the catalogue is in."""
        (self.folder / SEEDED).touch()

    def empty(self) -> None:
        """Remove what `up` made, and nothing else that may lie in the folder."""
        if self.database.exists():
            shutil.rmtree(self.database)

    def close(self) -> None:
        """Let the next `up` have the folder."""
        self._lock.close()
