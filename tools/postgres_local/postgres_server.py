"""PostgreSQL on 127.0.0.1: the program. See tools/local_server/program.py for what it promises."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import struct
import subprocess
from pathlib import Path

from tools.local_server.namespaces import become_a_user, contain_children
from tools.local_server.program import LoopbackProgram, UserError

# Not resolved: in the runfiles tree the programs lie beside this file.
_PROGRAMS = Path(__file__).parent / "postgres" / "bin"
# https://www.postgresql.org/docs/17/protocol-message-formats.html
_PROTOCOL = 196608
_USER = b"user\0postgres\0database\0postgres\0\0"
_STARTUP = struct.pack("!II", 8 + len(_USER), _PROTOCOL) + _USER
_AUTHENTICATION = b"R"
_TERMINATE = b"X" + struct.pack("!I", 4)


class Postgres(LoopbackProgram):
    """One cluster, with the superuser and the database `postgres`."""

    name = "postgres_local"
    title = "PostgreSQL"
    # Its "fast" way: SIGTERM would wait for clients.
    stop_signal = signal.SIGINT

    def prepare(self, folder: Path) -> None:
        """Be a user that PostgreSQL accepts, and make a cluster."""
        try:
            become_a_user()
        except OSError as error:
            # Others do without, unless they have no name.
            if os.geteuid() == 0:
                raise UserError(
                    f"PostgreSQL refuses root, and no user namespace can be made ({error.strerror})"
                    ": run it as another user, or allow user namespaces"
                ) from error
        if (folder / "PG_VERSION").exists():
            # The folder is this program's alone: whose number is in there is gone, though another
            # process may have it, or nobody has asked about its end yet.
            (folder / "postmaster.pid").unlink(missing_ok=True)
            return
        made = subprocess.run(  # noqa: S603
            [
                str(_PROGRAMS / "initdb"),
                *("--pgdata", str(folder), "--username", "postgres", "--auth", "trust"),
                *("--encoding", "UTF8", "--no-locale", "--no-sync", "--no-instructions"),
            ],
            check=False,
            capture_output=True,
            text=True,
            env=self.environment(),
        )
        if made.returncode != 0:
            reason = made.stderr.strip().partition("\n")[0]
            raise UserError(f"--data-dir {folder} cannot be made a cluster ({reason})")

    def isolate(self) -> None:
        """Let a killed server leave neither a process nor shared memory."""
        # Without it, the processes of a killed server may take a moment to notice.
        with contextlib.suppress(OSError):
            contain_children()

    def command(self, port: int, folder: Path, *, synced: bool) -> list[str]:
        """Return the command line of the postmaster."""
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(port),
            # A path has at most 107 characters, and folders of tests are deep.
            "unix_socket_directories": "",
            # In its own folder, not in /dev/shm, which is shared by all.
            "dynamic_shared_memory_type": "mmap",
            "log_timezone": "UTC",
            "timezone": "UTC",
        }
        if not synced:
            settings |= {"fsync": "off", "full_page_writes": "off"}
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        return [str(_PROGRAMS / "postgres"), "-D", str(folder), *options]

    def answers(self, connection: socket.socket) -> bool:
        """Log in, which is refused while the server recovers from a crash."""
        connection.sendall(_STARTUP)
        answer = connection.recv(1)
        if answer == _AUTHENTICATION:
            connection.sendall(_TERMINATE)
        return answer == _AUTHENTICATION


if __name__ == "__main__":
    Postgres().run()
