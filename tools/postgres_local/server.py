"""PostgreSQL for tests and development tools, on a free loopback port.

    with start() as database:
        connection = await asyncpg.connect(database.url)
        database.kill()     # as a crash
        database.restart()  # with the same data, on the same port

It takes any password of its one user. A start takes about a second, so share one server per test
target (a session fixture).
"""

from __future__ import annotations

from pathlib import Path

from tools.local_server.restarting import RestartingServer

__all__ = ["PostgresLocal", "command", "start"]


class PostgresLocal(RestartingServer):
    """A running server."""

    name = "PostgreSQL"
    # Not resolved: in the runfiles tree the program lies beside this file, in the source tree it
    # does not.
    program = Path(__file__).parent / "postgres_local"
    target = "//tools/postgres_local:server"

    @property
    def url(self) -> str:
        """The URL of its database, as a superuser."""
        return f"postgresql://postgres@127.0.0.1:{self.port}/postgres"


command = PostgresLocal.command
start = PostgresLocal.start
