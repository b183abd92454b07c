"""What every local server promises, as their tests look at it from outside."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

_LISTENING = "0A"  # the state column of /proc/net/tcp
_LOOPBACK = (
    "0100007F",  # 127.0.0.1
    "0000000000000000FFFF00000100007F",  # ::ffff:127.0.0.1, how Java writes it
)
_PATIENCE_SECONDS = 10


def listens_on_loopback_alone(port: int, pid: int) -> bool:
    """Tell whether a process listens at one port of loopback, and nobody anywhere else at it."""
    # A socket of the process is one of the inodes in its file descriptors.
    inodes = set()
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # closed since it was listed
            inodes.add(str(descriptor.readlink()))
    listeners = _listeners()
    own = [(address, at) for address, at, inode in listeners if f"socket:[{inode}]" in inodes]
    at_port = [(address, at) for address, at, _ in listeners if at == port]
    return len(own) == 1 and own == at_port and own[0][0] in _LOOPBACK


def is_listened_on(port: int) -> bool:
    """Tell whether anybody listens at a port."""
    return any(at == port for _, at, _ in _listeners())


def is_let_go(port: int) -> bool:
    """Tell whether nobody listens at a port any more, within ten seconds."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while is_listened_on(port):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def port_of_an_orphan(module: str) -> int:
    """Start a server by a module's `start` in a process that is then killed; return its port.

    SIGKILL runs no `finally`: that the server ends all the same is for the test to see.
    """
    program = (
        f"from {module} import start\nimport time\n"
        "with start() as server: print(server.port, flush=True); time.sleep(60)\n"
    )
    parent = subprocess.Popen(  # noqa: S603
        [sys.executable, "-c", program],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert parent.stdout is not None  # noqa: S101 - it is a pipe
    port = int(parent.stdout.readline())
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    return port


def refusal(program: Path, arguments: Sequence[str]) -> str:
    """Return what a program says to arguments that it refuses with status 1, without a trace."""
    finished = subprocess.run(  # noqa: S603
        [str(program), *arguments],
        check=False,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    )
    assert finished.returncode == 1, finished.stderr  # noqa: S101
    for trace in ("\tat ", "Traceback"):
        assert trace not in finished.stderr, finished.stderr  # noqa: S101
    return finished.stderr


def _listeners() -> list[tuple[str, int, str]]:
    """Return the address in hexadecimal, the port and the inode of each listening socket."""
    found = []
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in Path(table).read_text(encoding="ascii").splitlines()[1:]:
            fields = line.split()
            address, _, port = fields[1].rpartition(":")
            if fields[3] == _LISTENING:
                found.append((address, int(port, 16), fields[9]))
    return found
