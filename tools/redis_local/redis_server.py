"""Redis on 127.0.0.1: the program. See tools/local_server/program.py for what it promises."""

from __future__ import annotations

import os
import signal
import socket
from pathlib import Path

from tools.local_server.program import LoopbackProgram

# Not resolved: in the runfiles tree the packages lie beside this file.
_PACKAGES = Path(__file__).parent / "redis"
_PONG = b"+PONG\r\n"


class Redis(LoopbackProgram):
    """One server, whose data are a log of every change, as a job queue needs it."""

    name = "redis_local"
    title = "Redis"
    stop_signal = signal.SIGTERM

    def prepare(self, folder: Path) -> None:
        """Leave the folder as it is: Redis makes its files itself."""

    def isolate(self) -> None:
        """Change nothing: Redis takes any user, and a killed one leaves nothing behind."""

    def command(self, port: int, folder: Path, *, synced: bool) -> list[str]:
        """Return the command line, by the packages' own loader: the machine's may be too old."""
        settings = {
            "bind": "127.0.0.1",
            "port": str(port),
            "dir": str(folder),
            "appendonly": "yes",
            "appendfsync": "always" if synced else "no",
            # Without snapshots beside the log.
            "save": "",
            "loglevel": "warning",
        }
        options = [word for name, value in settings.items() for word in (f"--{name}", value)]
        libraries = (_PACKAGES / "usr/lib").glob("*-linux-gnu")
        return [
            # usr/lib64 on x86_64, usr/lib on arm64.
            str(next(_PACKAGES.glob("usr/lib*/ld-linux-*.so.*"))),
            *("--library-path", os.pathsep.join(map(str, libraries))),
            str(_PACKAGES / "usr/bin/redis-server"),
            *options,
        ]

    def answers(self, connection: socket.socket) -> bool:
        """Ask for a sign of life, which is refused while the server loads its data."""
        connection.sendall(b"PING\r\n")
        return connection.recv(len(_PONG)) == _PONG


if __name__ == "__main__":
    Redis().run()
