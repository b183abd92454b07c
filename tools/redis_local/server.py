"""Redis for tests and development tools, on a free loopback port.

    with start() as redis:
        client = coredis.Redis.from_url(redis.url)
        redis.kill()     # as a crash
        redis.restart()  # with the same data, on the same port

A start takes a fraction of a second.
"""

from __future__ import annotations

from pathlib import Path

from tools.local_server.restarting import RestartingServer

__all__ = ["RedisLocal", "command", "start"]


class RedisLocal(RestartingServer):
    """A running server."""

    name = "Redis"
    # Not resolved: in the runfiles tree the program lies beside this file, in the source tree it
    # does not.
    program = Path(__file__).parent / "redis_local"
    target = "//tools/redis_local:server"

    @property
    def url(self) -> str:
        """The URL of its first database."""
        return f"redis://127.0.0.1:{self.port}/0"


command = RedisLocal.command
start = RedisLocal.start
