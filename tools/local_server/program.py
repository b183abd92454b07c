"""The program around a server that is somebody else's binary.

It listens on 127.0.0.1 only, prints "pid PID" and "listening PORT" on stdout once it answers, and
says one message for a mistake, with status 1. The server ends with the program, even a killed one.
"""

from __future__ import annotations

import abc
import argparse
import contextlib
import ctypes
import fcntl
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from tools.local_server.events import Events
from tools.local_server.ports import HOST, PortError, kept_port

HIGHEST_PORT = 65535
POLL_SECONDS = 0.02
STOP_TIMEOUT_SECONDS = 8
LOCK_TIMEOUT_SECONDS = 1
PR_SET_PDEATHSIG = 1  # <sys/prctl.h>

_libc = ctypes.CDLL(None)


class UserError(Exception):
    """What the user can put right; the message is all that is said."""


class LoopbackProgram(abc.ABC):
    """A server as a program: its options, its start and its end."""

    name: str
    title: str
    stop_signal: signal.Signals
    """What makes the server end in good order, whoever is connected."""

    @abc.abstractmethod
    def prepare(self, folder: Path) -> None:
        """Make the server's data in a folder where there are none yet.

        Raises:
            UserError: it cannot be used.
        """

    @abc.abstractmethod
    def command(self, port: int, folder: Path, *, synced: bool) -> list[str]:
        """Return the server's command line.

        Args:
            port: on 127.0.0.1.
            folder: of its data.
            synced: whether what it has confirmed must outlive a crash of the machine.
        """

    @abc.abstractmethod
    def answers(self, connection: socket.socket) -> bool:
        """Tell whether the server serves a client that has just connected."""

    @abc.abstractmethod
    def isolate(self) -> None:
        """Change this process just before the server is started; it starts no other one."""

    def environment(self) -> dict[str, str]:
        """Return the whole environment of the server."""
        return {"LC_ALL": "C", "PATH": "/usr/bin:/bin", "TZ": "UTC"}

    def run(self, arguments: Sequence[str] | None = None) -> None:
        """Serve until SIGTERM, Ctrl-C, or with --stop-on-eof the end of stdin."""
        options = self._parser().parse_args(arguments)
        try:
            with contextlib.ExitStack() as stack:
                events = stack.enter_context(Events(stop_on_eof=options.stop_on_eof))
                port = stack.enter_context(_port_of_its_own(options.port))
                folder = _folder(options.data_dir, self.name, stack)
                if options.temporary:
                    stack.callback(_delete_if_orphaned, folder, events)
                lock = stack.enter_context(_locked(folder, self.title))
                self.prepare(folder)
                command = self.command(port, folder, synced=not options.no_sync)
                self.isolate()
                server = self._start(command, lock)
                # What is in a temporary folder is of no use to anybody afterwards.
                orderly = options.data_dir is not None
                stack.enter_context(_stopped(server, self.stop_signal if orderly else None))
                self._serve(server, port, events)
        except UserError as error:
            raise SystemExit(f"{self.name}: {error}") from error

    def _start(self, command: list[str], lock: int) -> subprocess.Popen[bytes]:
        return subprocess.Popen(  # noqa: S603
            command,
            stdin=subprocess.DEVNULL,
            # stdout is for what this program says.
            stdout=sys.stderr,
            env=self.environment(),
            # Another program gets the folder when every process of the server has let it go.
            pass_fds=[lock],
            # Ctrl-C is for this program, which then stops the server in good order.
            process_group=0,
            preexec_fn=_die_with_parent,
        )

    def _serve(self, server: subprocess.Popen[bytes], port: int, events: Events) -> None:
        events.watch(server.pid)
        while not self._listens(port):
            if events.wait(POLL_SECONDS):
                break
        else:
            print(f"pid {server.pid}\nlistening {port}", flush=True)
            events.wait(None)
        if not events.asked_to_stop:
            raise UserError(f"{self.title} ended with status {server.wait()}")

    def _listens(self, port: int) -> bool:
        try:
            with socket.create_connection((HOST, port), timeout=STOP_TIMEOUT_SECONDS) as connection:
                return self.answers(connection)
        except OSError:
            return False

    def _parser(self) -> argparse.ArgumentParser:
        parser = _Parser(
            prog=self.name, description=f"{self.title} on 127.0.0.1.", allow_abbrev=False
        )
        parser.add_argument(
            "--port",
            type=_port,
            default=0,
            help="TCP port on 127.0.0.1; 0, the default, takes a free one",
        )
        parser.add_argument(
            "--data-dir",
            type=_path,
            metavar="DIR",
            help="keep the data there; without it they are deleted at the end",
        )
        parser.add_argument(
            "--temporary",
            action="store_true",
            help="delete --data-dir when the end of stdin stops the server",
        )
        parser.add_argument(
            "--no-sync",
            action="store_true",
            help="do not wait for the disk: only a crash of the machine can then lose data",
        )
        parser.add_argument(
            "--stop-on-eof",
            action="store_true",
            help="stop when stdin ends, so that a dead parent leaves nothing running",
        )
        return parser


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> None:  # type: ignore[override]
        raise SystemExit(f"{self.prog}: {message}\n{self.format_usage()}")


def _port(text: str) -> int:
    if text.isdecimal() and int(text) <= HIGHEST_PORT:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text} is not a port from 0 to {HIGHEST_PORT}")


def _path(text: str) -> Path:
    # The folder that `bazel run` was called from is what a relative path means.
    return Path(os.environ.get("BUILD_WORKING_DIRECTORY", "."), text).absolute()


@contextlib.contextmanager
def _port_of_its_own(port: int) -> Iterator[int]:
    with contextlib.ExitStack() as stack:
        try:
            kept = stack.enter_context(kept_port(port))
        except PortError as error:
            raise UserError(f"{error}: choose another with --port, or 0 for a free one") from error
        yield kept


def _folder(data_dir: Path | None, name: str, stack: contextlib.ExitStack) -> Path:
    if data_dir is None:
        temporary = tempfile.TemporaryDirectory(prefix=f"{name}-", ignore_cleanup_errors=True)
        return Path(stack.enter_context(temporary))
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"--data-dir {data_dir} cannot be made: {error.strerror}") from error
    return data_dir


def _delete_if_orphaned(folder: Path, events: Events) -> None:
    """Delete a folder that is otherwise deleted by who started this program."""
    if events.orphaned:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _locked(folder: Path, title: str) -> Iterator[int]:
    """Hold the folder: two servers on the same files destroy them."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise UserError(f"--data-dir {folder} cannot be read: {error.strerror}") from error
    try:
        # A killed server's last process may still be on its way out.
        deadline = time.monotonic() + LOCK_TIMEOUT_SECONDS
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError as error:
                if time.monotonic() > deadline:
                    raise UserError(f"--data-dir {folder} is in use by another {title}") from error
                time.sleep(POLL_SECONDS)
        yield descriptor
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _stopped(server: subprocess.Popen[bytes], number: signal.Signals | None) -> Iterator[None]:
    """End the server after the block: in good order by a signal, or at once."""
    try:
        yield
    finally:
        if number is not None:
            server.send_signal(number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                server.wait(STOP_TIMEOUT_SECONDS)
        server.kill()
        server.wait()


def _die_with_parent() -> None:
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
