"""A server that a test can kill and start again, on the same port and with the same data."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Self

from tools.local_server.ports import PortError, kept_port
from tools.local_server.process import (
    STOP_TIMEOUT_SECONDS,
    LocalServer,
    LocalServerError,
    command_line,
    running,
)

__all__ = ["RestartingServer"]


class RestartingServer:
    """A server that runs while the context lasts, but for what `kill` and `restart` do.

    One kind of server is a subclass, whose program keeps what `program.py` promises; `start` makes
    an instance.
    """

    name: ClassVar[str]
    """What messages call it."""
    program: ClassVar[Path]
    target: ClassVar[str]
    """What to build when the program is not there."""

    def __init__(self, command: Callable[[int], list[str]], *, port: int, saves: bool) -> None:
        self._command = command
        self._saves = saves
        self.port = port
        self._kept = contextlib.ExitStack()
        self._running = contextlib.ExitStack()
        self._server: LocalServer | None = None

    @classmethod
    def command(
        cls,
        port: int = 0,
        data_dir: Path | None = None,
        *,
        synced: bool = True,
        temporary: bool = False,
    ) -> list[str]:
        """Return the command line of a server that stops when its stdin ends.

        It writes `listening PORT` to stdout when it can be connected to.

        Args:
            port: on 127.0.0.1; 0 takes a free one.
            data_dir: keeps the data; None deletes them at the end.
            synced: see `start`.
            temporary: whether `data_dir` is deleted when the end of stdin stops the server.
        """
        options = [] if data_dir is None else ["--data-dir", str(data_dir.absolute())]
        options += [] if synced else ["--no-sync"]
        options += ["--temporary"] if temporary else []
        return command_line(cls.program, port, *options)

    @classmethod
    @contextlib.contextmanager
    def start(
        cls, port: int = 0, data_dir: Path | None = None, *, synced: bool = False
    ) -> Iterator[Self]:
        """Run a server while the context lasts.

        Args:
            port: on 127.0.0.1; 0 takes a free one.
            data_dir: keeps the data for the next start; None deletes them with the context.
            synced: whether what it confirms waits for the disk; without it a killed server loses
                nothing either, only a machine that crashes.

        Raises:
            LocalServerError: it ended, or did not answer within a minute, or the port is another's.
        """
        temporary = data_dir is None
        with contextlib.ExitStack() as stack:
            if data_dir is None:
                # Here, not in the program: it outlives a restart.
                prefix = f"{cls.program.name}-"
                folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix=prefix)))
            else:
                folder = data_dir
            server = cls(
                lambda at: cls.command(at, folder, synced=synced, temporary=temporary),
                port=port,
                saves=not temporary,
            )
            stack.enter_context(server)
            yield server

    def __enter__(self) -> Self:
        try:
            self.port = self._kept.enter_context(kept_port(self.port))
        except PortError as error:
            raise LocalServerError(f"{self.name} did not start: {error}") from error
        try:
            self._start()
        except BaseException:
            self._kept.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with self._kept:
            if self._saves:
                self._stop()
            else:
                self.kill()

    @property
    def pid(self) -> int:
        """The process id of the server itself.

        Raises:
            LocalServerError: it is killed.
        """
        if self._server is None:
            raise LocalServerError(f"{self.name} is killed: restart() starts it again")
        return self._server.pid

    def kill(self) -> None:
        """End it as a crash would: no process of it runs or saves anything any more."""
        if self._server is not None:
            with contextlib.suppress(ProcessLookupError):
                _kill(self._server.pid)
        self._stop()

    def restart(self) -> None:
        """Start it again; one that still runs ends in good order first.

        Raises:
            LocalServerError: it ended, or did not listen within a minute.
        """
        self._stop()
        self._start()

    def _start(self) -> None:
        command = self._command(self.port)
        self._server = self._running.enter_context(
            running(self.name, command, target=self.target, saves=True)
        )

    def _stop(self) -> None:
        self._server = None
        self._running.close()


def _kill(pid: int) -> None:
    """Kill a process and wait until it is gone: its files are then free."""
    descriptor = os.pidfd_open(pid)
    try:
        signal.pidfd_send_signal(descriptor, signal.SIGKILL)
        ended = select.poll()
        ended.register(descriptor, select.POLLIN)
        ended.poll(STOP_TIMEOUT_SECONDS * 1000)
    finally:
        os.close(descriptor)
