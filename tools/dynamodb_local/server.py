"""DynamoDB Local for tests and development tools, on a free loopback port.

    with start() as db:
        client = boto3.client("dynamodb", endpoint_url=db.endpoint, ...)

It takes any credentials and any region, and shares one database between them. A start takes about
a second, so share one server per test target (a session fixture).
"""

from __future__ import annotations

import collections
import contextlib
import http.client
import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

__all__ = ["DynamoDbLocal", "DynamoDbLocalError", "command", "start"]

# Not resolved: in the runfiles tree the launcher lies beside this file, in the source tree it
# does not.
LAUNCHER = Path(__file__).parent / "dynamodb_local"
START_TIMEOUT_SECONDS = 60
STOP_TIMEOUT_SECONDS = 10
KEPT_LINES = 20


class DynamoDbLocalError(Exception):
    """DynamoDB Local did not start; the message ends with the last lines that it wrote."""


@dataclass(frozen=True)
class DynamoDbLocal:
    """A running server."""

    port: int
    pid: int

    @property
    def endpoint(self) -> str:
        """The URL for a client's endpoint setting."""
        return f"http://127.0.0.1:{self.port}"


def command(port: int = 0, data_dir: Path | None = None) -> list[str]:
    """Return the command line of a server that stops when its stdin ends.

    It writes `listening PORT` to stdout when it can be connected to.
    """
    arguments = [str(LAUNCHER), "--stop-on-eof", "--port", str(port)]
    if data_dir is not None:
        arguments += ["--data-dir", str(data_dir.absolute())]
    return arguments


@contextlib.contextmanager
def start(port: int = 0, data_dir: Path | None = None) -> Iterator[DynamoDbLocal]:
    """Run a server while the context lasts.

    Args:
        port: on 127.0.0.1; 0 takes a free one.
        data_dir: keeps the tables for the next start; None keeps them in memory.

    Raises:
        DynamoDbLocalError: it ended, or did not answer within a minute.
    """
    try:
        process = subprocess.Popen(  # noqa: S603
            command(port, data_dir),
            # Its end tells the server that this process is gone, however it went.
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            # A group of its own: Ctrl-C is for the caller, who then stops the server.
            start_new_session=True,
        )
    except OSError as error:
        raise DynamoDbLocalError(
            f"{LAUNCHER} cannot be run ({error.strerror}): it is built with the target "
            "//tools/dynamodb_local:server"
        ) from error
    output = _Output(process)
    try:
        listening = output.wait_for_port(START_TIMEOUT_SECONDS)
        _list_tables(listening, START_TIMEOUT_SECONDS)
        yield DynamoDbLocal(port=listening, pid=process.pid)
    finally:
        # With nothing to save, there is nothing to wait for.
        _stop(process, (signal.SIGTERM, signal.SIGKILL) if data_dir else (signal.SIGKILL,))
        output.close()


class _Output:
    """Reads both streams of the server to their ends, so that it never blocks on a full pipe."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self._port: int | None = None
        self._lines: collections.deque[str] = collections.deque(maxlen=KEPT_LINES)
        self._said_port = threading.Event()
        self._threads = [
            threading.Thread(target=self._read, args=(stream,), daemon=True)
            for stream in (process.stdout, process.stderr)
        ]
        for thread in self._threads:
            thread.start()

    def _read(self, stream: IO[str]) -> None:
        for line in stream:
            word, _, value = line.partition(" ")
            if word == "listening":
                self._port = int(value)
                self._said_port.set()
            else:
                self._lines.append(line.rstrip())
        # A stream that ends without the port is a server that ended.
        if stream is self._process.stdout:
            self._said_port.set()

    def wait_for_port(self, timeout: float) -> int:
        """Return the port once the server listens."""
        self._said_port.wait(timeout)
        if self._port is not None:
            return self._port
        if not self._said_port.is_set():
            raise DynamoDbLocalError(self._message(f"did not listen within {timeout:.0f} s"))
        status = self._process.wait(STOP_TIMEOUT_SECONDS)
        for thread in self._threads:
            thread.join(STOP_TIMEOUT_SECONDS)
        raise DynamoDbLocalError(self._message(f"ended with status {status} before it listened"))

    def _message(self, what: str) -> str:
        said = "\n".join(self._lines) or "it wrote nothing"
        return f"DynamoDB Local {what}: {said}"

    def close(self) -> None:
        for thread in self._threads:
            thread.join(STOP_TIMEOUT_SECONDS)
        for stream in (self._process.stdout, self._process.stderr):
            if stream is not None:
                stream.close()


def _list_tables(port: int, timeout: float) -> None:
    """Make one request: the first loads the database, and whoever sends it waits."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
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
        raise DynamoDbLocalError(
            f"DynamoDB Local does not answer on port {port}: {error}"
        ) from error
    finally:
        connection.close()
    if answer.status != http.client.OK:
        raise DynamoDbLocalError(f"DynamoDB Local answers with {answer.status}: {body!r}")


def _stop(process: subprocess.Popen[str], signals: Sequence[signal.Signals]) -> None:
    for number in signals:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        try:
            process.wait(STOP_TIMEOUT_SECONDS)
            break
        except subprocess.TimeoutExpired:
            continue
    if process.stdin is not None:
        process.stdin.close()
