"""A local SNS for tests and development tools, on a free loopback port.

    with start(topics=["stock-alerts.fifo"]) as sns:
        boto3.client("sns", endpoint_url=sns.endpoint, ...).publish(
            TopicArn=sns.topic_arn("stock-alerts.fifo"), ...
        )
        assert sns.take("stock-alerts.fifo") == [{...}]

It takes any credentials, and keeps topics and messages in memory.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.local_server.process import LocalServer, command_line, running
from tools.sns_local import topics as local_topics

__all__ = ["SnsLocal", "command", "start"]

# Not resolved: in the runfiles tree the program lies beside this file, in the source tree it does
# not.
PROGRAM = Path(__file__).parent / "sns_local"


@dataclass(frozen=True)
class SnsLocal(LocalServer):
    """A running server."""

    def topic_arn(self, topic: str) -> str:
        """Return the ARN of a topic."""
        return local_topics.topic_arn(topic)

    def take(self, topic: str) -> list[dict[str, Any]]:
        """Return what was published to a topic since the last call, as JSON, in order."""
        return local_topics.take(self.endpoint, topic)


def command(port: int = 0, topics: Sequence[str] = ()) -> list[str]:
    """Return the command line of a server that stops when its stdin ends.

    It writes `listening PORT` to stdout when the FIFO topics are there.
    """
    options = [word for topic in topics for word in ("--topic", topic)]
    return command_line(PROGRAM, port, *options)


@contextlib.contextmanager
def start(port: int = 0, topics: Sequence[str] = ()) -> Iterator[SnsLocal]:
    """Run a server while the context lasts.

    Args:
        port: on 127.0.0.1; 0 takes a free one.
        topics: FIFO topics to create, by names that end in `.fifo`.

    Raises:
        LocalServerError: it ended, or did not answer within a minute.
    """
    line = command(port, topics)
    with running("the local SNS", line, target="//tools/sns_local:server") as server:
        yield SnsLocal(port=server.port, pid=server.pid)
