"""DynamoDB Local for tests and development tools, on a free loopback port.

    with start() as db:
        client = boto3.client("dynamodb", endpoint_url=db.endpoint, ...)

It takes any credentials and any region, and shares one database between them. A start takes about
a second, so share one server per test target (a session fixture).
"""

from __future__ import annotations

import contextlib
import http.client
import time
from collections.abc import Iterator
from pathlib import Path

from tools.local_server.process import LocalServer, LocalServerError, command_line, running

__all__ = ["command", "start"]

# Not resolved: in the runfiles tree the launcher lies beside this file, in the source tree it
# does not.
LAUNCHER = Path(__file__).parent / "dynamodb_local"
ANSWER_TIMEOUT_SECONDS = 60


def command(port: int = 0, data_dir: Path | None = None) -> list[str]:
    """Return the command line of a server that stops when its stdin ends.

    It writes `listening PORT` to stdout when it can be connected to.
    """
    options = [] if data_dir is None else ["--data-dir", str(data_dir.absolute())]
    return command_line(LAUNCHER, port, *options)


@contextlib.contextmanager
def start(port: int = 0, data_dir: Path | None = None) -> Iterator[LocalServer]:
    """Run a server while the context lasts.

    Args:
        port: on 127.0.0.1; 0 takes a free one.
        data_dir: keeps the tables for the next start; None keeps them in memory.

    Raises:
        LocalServerError: it ended, or did not answer within a minute.
    """
    line = command(port, data_dir)
    target = "//tools/dynamodb_local:server"
    with running("DynamoDB Local", line, target=target, saves=data_dir is not None) as server:
        _list_tables(server.port)
        yield server


def _list_tables(port: int) -> None:
    """Make one request: the first loads the database, and whoever sends it waits."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=ANSWER_TIMEOUT_SECONDS)
    headers = {
        "Content-Type": "application/x-amz-json-1.0",
        "X-Amz-Target": "DynamoDB_20120810.ListTables",
        "X-Amz-Date": time.strftime("%Y%m%dT%H%M%SZ", time.gmtime()),
        # Signatures are not checked, but the parts of this header are read.
        "Authorization": (
            "AWS4-HMAC-SHA256 Credential=local/20250101/local/dynamodb/aws4_request, "
            "SignedHeaders=host, Signature=0"
        ),
    }
    try:
        connection.request("POST", "/", body="{}", headers=headers)
        answer = connection.getresponse()
        body = answer.read()
    except OSError as error:
        raise LocalServerError(f"DynamoDB Local does not answer on port {port}: {error}") from error
    finally:
        connection.close()
    if answer.status != http.client.OK:
        raise LocalServerError(f"DynamoDB Local answers with {answer.status}: {body!r}")
