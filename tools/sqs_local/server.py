"""A local SQS for tests and development tools, on a free loopback port.

    with start(queues=["events.fifo"]) as sqs:
        client = boto3.client("sqs", endpoint_url=sqs.endpoint, ...)
        url = sqs.queue_url("events.fifo")

It takes any credentials and any region, and keeps messages in memory.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.local_server.process import LocalServer, command_line, running

__all__ = ["SqsLocal", "command", "queue_url", "start"]

# Not resolved: in the runfiles tree the launcher lies beside this file, in the source tree it
# does not.
LAUNCHER = Path(__file__).parent / "sqs_local"
ACCOUNT = "000000000000"


@dataclass(frozen=True)
class SqsLocal(LocalServer):
    """A running server."""

    def queue_url(self, queue: str) -> str:
        """Return the URL of a queue."""
        return queue_url(self.endpoint, queue)


def queue_url(endpoint: str, queue: str) -> str:
    """Return the URL of a queue of the server at `endpoint`."""
    return f"{endpoint}/{ACCOUNT}/{queue}"


def command(port: int = 0, queues: Sequence[str] = ()) -> list[str]:
    """Return the command line of a server that stops when its stdin ends.

    It writes `listening PORT` to stdout when the FIFO queues are there.
    """
    options = [word for queue in queues for word in ("--queue", queue)]
    return command_line(LAUNCHER, port, *options)


@contextlib.contextmanager
def start(port: int = 0, queues: Sequence[str] = ()) -> Iterator[SqsLocal]:
    """Run a server while the context lasts.

    Args:
        port: on 127.0.0.1; 0 takes a free one.
        queues: FIFO queues to create, by names that end in `.fifo`.

    Raises:
        LocalServerError: it ended, or did not answer within a minute.
    """
    line = command(port, queues)
    with running("the local SQS", line, target="//tools/sqs_local:server") as server:
        yield SqsLocal(port=server.port, pid=server.pid)
