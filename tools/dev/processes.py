"""Child processes whose output is shown line by line, and which never outlive their parent."""

from __future__ import annotations

import asyncio
import collections
import contextlib
import ctypes
import re
import signal
from collections.abc import Callable, Mapping, Sequence

from tools.dev.errors import DevError

KEPT_LINES = 12
STOP_TIMEOUT_SECONDS = 30
LONGEST_LINE_BYTES = 1_000_000
PR_SET_PDEATHSIG = 1  # <sys/prctl.h>

_libc = ctypes.CDLL(None)

type Show = Callable[[str, str], None]
"""Takes a program's name and one line of its output."""


def _die_with_parent() -> None:
    """Run in the child: should the parent be killed, the kernel ends the child as well.

    Not by SIGTERM: whoever then logs that it stops has nobody left to read its output.
    """
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Process:
    """One child, in a session of its own: Ctrl-C reaches the parent alone, which stops the rest."""

    def __init__(self, name: str, process: asyncio.subprocess.Process, show: Show) -> None:
        self.name = name
        self.last_lines: collections.deque[str] = collections.deque(maxlen=KEPT_LINES)
        self._process = process
        self._show = show
        self._watched: list[tuple[re.Pattern[str], asyncio.Future[str]]] = []
        self._reader = asyncio.create_task(self._read())

    @classmethod
    async def start(
        cls, name: str, command: Sequence[str], environment: Mapping[str, str], show: Show
    ) -> Process:
        """Start a program; its stdin is a pipe that ends with this process.

        Raises:
            DevError: it cannot be run.
        """
        try:
            process = await asyncio.create_subprocess_exec(
                *command,
                env=environment,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
                limit=LONGEST_LINE_BYTES,
                start_new_session=True,
                preexec_fn=_die_with_parent,
            )
        except OSError as error:
            raise DevError(f"{name} cannot be run: {command[0]}: {error.strerror}") from error
        return cls(name, process, show)

    @property
    def pid(self) -> int:
        """The process id, which is also that of its group."""
        return self._process.pid

    @property
    def has_ended(self) -> bool:
        """Whether the program has ended."""
        return self._process.returncode is not None

    def said(self, pattern: str) -> asyncio.Future[str]:
        """Watch from now on for a line with the pattern; the result is its first group."""
        future: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._watched.append((re.compile(pattern), future))
        return future

    async def ended(self) -> int:
        """Wait for the end, all output shown, and return the exit status."""
        status = await self._process.wait()
        await self._reader
        return status

    async def stop(self) -> None:
        """End it: SIGTERM, and SIGKILL to its whole group when it takes too long."""
        if not self.has_ended:
            with contextlib.suppress(ProcessLookupError):
                self._process.terminate()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._process.wait(), STOP_TIMEOUT_SECONDS)
        await self.kill()

    async def kill(self) -> None:
        """End it, and whatever it started, at once."""
        if not self.has_ended:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
        await self._process.wait()
        await self._reader

    async def _read(self) -> None:
        stream = self._process.stdout
        if stream is None:
            return
        while True:
            try:
                raw = await stream.readline()
            except ValueError:  # the rest of a line longer than the limit
                continue
            if not raw:
                break
            line = raw.decode(errors="replace").rstrip("\r\n")
            self.last_lines.append(line)
            for pattern, future in self._watched:
                found = pattern.search(line)
                if found and not future.done():
                    future.set_result(found[1])
            self._show(self.name, line)
