"""PostgreSQL for tests and development tools, on a free loopback port.

    with start() as database:
        connection = await asyncpg.connect(database.url)
        database.kill()     # as a crash
        database.restart()  # with the same data, on the same port

It takes any password of its one user. A start takes about a second, so share one server per test
target (a session fixture).
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tools.local_server.process import command_line
from tools.local_server.restarting import RestartingServer

__all__ = ["PostgresLocal", "command", "start"]

# Not resolved: in the runfiles tree the program lies beside this file, in the source tree it does
# not.
PROGRAM = Path(__file__).parent / "postgres_local"


class PostgresLocal(RestartingServer):
    """A running server."""

    @property
    def url(self) -> str:
        """The URL of its database, as a superuser."""
        return f"postgresql://postgres@127.0.0.1:{self.port}/postgres"


def command(
    port: int = 0, data_dir: Path | None = None, *, synced: bool = True, temporary: bool = False
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
    return command_line(PROGRAM, port, *options)


@contextlib.contextmanager
def start(
    port: int = 0, data_dir: Path | None = None, *, synced: bool = False
) -> Iterator[PostgresLocal]:
    """Run a server while the context lasts.

    Args:
        port: on 127.0.0.1; 0 takes a free one.
        data_dir: keeps the data for the next start; None deletes them with the context.
        synced: whether commits wait for the disk; without it a killed server loses nothing
            either, only a machine that crashes.

    Raises:
        LocalServerError: it ended, or did not answer within a minute, or the port is another's.
    """
    with contextlib.ExitStack() as stack:
        folder = data_dir
        if folder is None:
            # Here, not in the program: it outlives a restart.
            temporary = tempfile.TemporaryDirectory(prefix="postgres-")
            folder = Path(stack.enter_context(temporary))
        yield stack.enter_context(
            PostgresLocal(
                "PostgreSQL",
                lambda port: command(port, folder, synced=synced, temporary=data_dir is None),
                target="//tools/postgres_local:server",
                port=port,
                saves=data_dir is not None,
            )
        )
