"""The folder that `up` keeps between runs: what services stored, and what they are given.

While `up` runs, the folder also says which programs it runs; see `running.py`.
"""

from __future__ import annotations

import base64
import fcntl
import os
import secrets
import shutil
from pathlib import Path
from typing import IO

from tools.dev.errors import DevError
from tools.dev.running import PROGRAMS, Program, write_programs
from tools.dev.site.files import TOKEN_START

DATABASE = "dynamodb"
# In the database's folder: whoever removes that gets a new catalogue too.
SEEDED = f"{DATABASE}/catalogue-seeded"
COLLECTED = "collector"
SITE = "site"
LOCK = "up.lock"
SIGNING = "webhook-secret"
WEBSHOP_TOKEN = "webshop-token"  # noqa: S105 - the name of its file


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
        self._programs: dict[str, Program] = {}
        self._forget_programs()

    @property
    def database(self) -> Path:
        """The folder of DynamoDB Local."""
        return self.folder / DATABASE

    @property
    def collected(self) -> Path:
        """The folder of collector's database, which collector makes."""
        return self.folder / COLLECTED

    @property
    def site(self) -> Path:
        """The folder of the local site, which is made anew by each `up`."""
        return self.folder / SITE

    @property
    def is_seeded(self) -> bool:
        """Whether the catalogue was put in; what was sold since is not given back."""
        return (self.folder / SEEDED).exists()

    def mark_seeded(self) -> None:
        """Remember that the catalogue is in."""
        (self.folder / SEEDED).touch()

    def webhook_secret(self) -> str:
        """Return what webhooks to the local subscriber are signed with, the same for ever."""
        made = f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}"
        return self._kept_secret(SIGNING, made).read_text()

    def webshop_token(self) -> Path:
        """Return the file of what the local web shop is read with, the same for ever."""
        return self._kept_secret(WEBSHOP_TOKEN, f"{TOKEN_START}{secrets.token_hex(16)}")

    def empty(self) -> None:
        """Remove what `up` made, and nothing else that may lie in the folder."""
        for name in (DATABASE, COLLECTED, SITE):
            if (self.folder / name).exists():
                shutil.rmtree(self.folder / name)

    def note_program(self, name: str, *, pid: int, address: str) -> None:
        """Write down that a program runs, in place of the one that had its name."""
        self._programs[name] = Program.of(pid, address)
        write_programs(self.folder, self._programs)

    def close(self) -> None:
        """Let the next `up` have the folder."""
        self._forget_programs()
        self._lock.close()

    def _kept_secret(self, name: str, made: str) -> Path:
        """Return the file of a secret, which is `made` unless there is one."""
        file = self.folder / name
        if not file.exists():
            file.touch(mode=0o600)
            file.write_text(made)
        return file

    def _forget_programs(self) -> None:
        (self.folder / PROGRAMS).unlink(missing_ok=True)
