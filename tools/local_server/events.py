"""What a program around a server waits for."""

from __future__ import annotations

import contextlib
import os
import select
import signal
from typing import Self

__all__ = ["Events"]

_STDIN = 0


class Events:
    """What ends a server: a signal to this process, the end of its stdin, the server's own end.

    Without threads: a process whose children get another process namespace cannot start any.

    Args:
        stop_on_eof: whether the end of stdin is one of them.

    Attributes:
        asked_to_stop: whether it was not the server's own end.
        orphaned: whether it was the end of stdin.
    """

    def __init__(self, *, stop_on_eof: bool) -> None:
        self.asked_to_stop = False
        self.orphaned = False
        self._stop_on_eof = stop_on_eof
        self._poll = select.poll()
        self._stack = contextlib.ExitStack()
        self._ended = -1

    def __enter__(self) -> Self:
        signals, wake = os.pipe()
        self._stack.callback(os.close, signals)
        self._stack.callback(os.close, wake)
        os.set_blocking(wake, False)
        signal.set_wakeup_fd(wake)
        self._stack.callback(signal.set_wakeup_fd, -1)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: None)
        self._poll.register(signals, select.POLLIN)
        if self._stop_on_eof:
            self._poll.register(_STDIN, select.POLLIN)
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def watch(self, pid: int) -> None:
        """Take the end of a process for one of the events."""
        self._ended = os.pidfd_open(pid)
        self._stack.callback(os.close, self._ended)
        self._poll.register(self._ended, select.POLLIN)

    def wait(self, seconds: float | None) -> bool:
        """Wait, without end when None; tell whether one of the events has happened."""
        while ready := self._poll.poll(None if seconds is None else seconds * 1000):
            descriptors = {descriptor for descriptor, _ in ready}
            if _STDIN in descriptors:
                # Who writes to stdin says nothing to a server.
                self.orphaned = not os.read(_STDIN, 4096)
                if not self.orphaned and descriptors == {_STDIN}:
                    continue
            self.asked_to_stop = descriptors != {self._ended}
            return True
        return False
