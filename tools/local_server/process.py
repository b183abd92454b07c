"""Run a server of `tools/` on loopback while a context lasts."""

from __future__ import annotations

import collections
import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

__all__ = ["LocalServer", "LocalServerError", "command_line", "running"]

START_TIMEOUT_SECONDS = 60
STOP_TIMEOUT_SECONDS = 10
KEPT_LINES = 20


class LocalServerError(Exception):
    """The server did not start; the message ends with the last lines that it wrote."""


@dataclass(frozen=True)
class LocalServer:
    """A running server."""

    port: int
    pid: int

    @property
    def endpoint(self) -> str:
        """The URL for a client's endpoint setting."""
        return f"http://127.0.0.1:{self.port}"


def command_line(launcher: Path, port: int, *options: str) -> list[str]:
    """Return the command line of a server that stops when its stdin ends.

    It writes `listening PORT` to stdout when it can be connected to.
    """
    return [str(launcher), "--stop-on-eof", "--port", str(port), *options]


@contextlib.contextmanager
def running(
    name: str, command: Sequence[str], *, target: str, saves: bool = False
) -> Iterator[LocalServer]:
    """Run `command` while the context lasts.

    Args:
        name: what messages call the server.
        command: from `command_line`.
        target: what to build when the launcher is not there.
        saves: whether the server has something to save at its end.

    Raises:
        LocalServerError: it ended, or did not listen within a minute.
    """
    try:
        process = subprocess.Popen(  # noqa: S603
            command,
            # Its end tells the server that this process is gone, however it went.
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            # What was set for this program's imports would stand before another's own.
            env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
            # A group of its own: Ctrl-C is for the caller, who then stops the server.
            start_new_session=True,
        )
    except OSError as error:
        raise LocalServerError(
            f"{command[0]} cannot be run ({error.strerror}): it is built with the target {target}"
        ) from error
    output = _Output(name, process)
    try:
        port = output.wait_for_port(START_TIMEOUT_SECONDS)
        yield LocalServer(port=port, pid=output.pid)
    finally:
        # With nothing to save, there is nothing to wait for.
        _stop(process, (signal.SIGTERM, signal.SIGKILL) if saves else (signal.SIGKILL,))
        output.close()


class _Output:
    """Reads both streams of the server to their ends, so that it never blocks on a full pipe."""

    def __init__(self, name: str, process: subprocess.Popen[str]) -> None:
        self._name = name
        self._process = process
        self._port: int | None = None
        self.pid = process.pid
        self._lines: collections.deque[str] = collections.deque(maxlen=KEPT_LINES)
        self._said_port = threading.Event()
        self._threads = [
            threading.Thread(target=self._read, args=(stream,), daemon=True)
            for stream in (process.stdout, process.stderr)
        ]
        for thread in self._threads:
            thread.start()

    def _read(self, stream: IO[str]) -> None:
        for line in stream:
            word, _, value = line.partition(" ")
            if word == "listening":
                self._port = int(value)
                self._said_port.set()
            elif word == "pid" and value.strip().isdecimal():
                # The server is a child of the process, which says so before it listens.
                self.pid = int(value)
            else:
                self._lines.append(line.rstrip())
        # A stream that ends without the port is a server that ended.
        if stream is self._process.stdout:
            self._said_port.set()

    def wait_for_port(self, timeout: float) -> int:
        """Return the port once the server listens."""
        self._said_port.wait(timeout)
        if self._port is not None:
            return self._port
        if not self._said_port.is_set():
            raise LocalServerError(self._message(f"did not listen within {timeout:.0f} s"))
        status = self._process.wait(STOP_TIMEOUT_SECONDS)
        for thread in self._threads:
            thread.join(STOP_TIMEOUT_SECONDS)
        raise LocalServerError(self._message(f"ended with status {status} before it listened"))

    def _message(self, what: str) -> str:
        said = "\n".join(self._lines) or "it wrote nothing"
        return f"{self._name} {what}: {said}"

    def close(self) -> None:
        for thread in self._threads:
            thread.join(STOP_TIMEOUT_SECONDS)
        for stream in (self._process.stdout, self._process.stderr):
            if stream is not None:
                stream.close()


def _stop(process: subprocess.Popen[str], signals: Sequence[signal.Signals]) -> None:
    for number in signals:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        try:
            process.wait(STOP_TIMEOUT_SECONDS)
            break
        except subprocess.TimeoutExpired:
            continue
    if process.stdin is not None:
        process.stdin.close()
