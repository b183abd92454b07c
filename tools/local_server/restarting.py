"""A server that a test can kill and start again, on the same port and with the same data."""

from __future__ import annotations

import contextlib
import os
import select
import signal
from collections.abc import Callable
from types import TracebackType
from typing import Self

from tools.local_server.ports import PortError, kept_port
from tools.local_server.process import (
    STOP_TIMEOUT_SECONDS,
    LocalServer,
    LocalServerError,
    running,
)

__all__ = ["RestartingServer"]


class RestartingServer:
    """A server that runs while the context lasts, but for what `kill` and `restart` do.

    Args:
        name: what messages call it.
        command: gives the command line for a port; see `process.command_line`.
        target: what to build when the launcher is not there.
        port: on 127.0.0.1, kept while the context lasts; 0 takes a free one.
        saves: whether it has something to save at the end of the context.
    """

    def __init__(
        self,
        name: str,
        command: Callable[[int], list[str]],
        *,
        target: str,
        port: int,
        saves: bool,
    ) -> None:
        self._name = name
        self._command = command
        self._target = target
        self._saves = saves
        self.port = port
        self._kept = contextlib.ExitStack()
        self._running = contextlib.ExitStack()
        self._server: LocalServer | None = None

    def __enter__(self) -> Self:
        try:
            self.port = self._kept.enter_context(kept_port(self.port))
        except PortError as error:
            raise LocalServerError(f"{self._name} did not start: {error}") from error
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
            raise LocalServerError(f"{self._name} is killed: restart() starts it again")
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
            running(self._name, command, target=self._target, saves=True)
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
