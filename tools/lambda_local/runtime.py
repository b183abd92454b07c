"""Run a function's zip as Lambda does, on this machine.

    async with running(Function(zip=..., handler="...", runtime="python3.13")) as function:
        result = await function.invoke({"Records": []})

The zip is unpacked into a folder of its own and runs in AWS's runtime client for its language,
behind AWS's runtime interface emulator, which speaks the Runtime API to the client, keeps the time
limit and starts the process anew after a time-out or a crash. One instance, one event at a time:
calls wait for each other. Differences from Lambda are in README.md.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import os
import signal
import socket
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import aiohttp

from tools.build.lambdas.checks.archive import Archive, ArchiveError
from tools.lambda_local.commands import command, emulator, environment, prepare
from tools.lambda_local.emulator_log import EmulatorLog
from tools.lambda_local.errors import FunctionError, PayloadTooLargeError
from tools.lambda_local.function import NODE, PYTHON, Function, Invocation

__all__ = [
    "NODE",
    "PAYLOAD_LIMIT",
    "PYTHON",
    "Function",
    "FunctionError",
    "Invocation",
    "PayloadTooLargeError",
    "RunningFunction",
    "running",
]

# Lambda's limit for synchronous invocations, which event source mappings make too. The emulator
# itself would cut the event off there.
PAYLOAD_LIMIT = 6 * 1024 * 1024

_START_SECONDS = 10.0
_STOP_SECONDS = 5.0
# Beside the handler's own time: the process starts, and starts again after an init that failed.
_SPARE_SECONDS = 30.0
# The emulator's lines come by a pipe, a moment after its answer.
_LOG_SECONDS = 2.0
_PATH = "/2015-03-31/functions/function/invocations"


class RunningFunction:
    """A function that can be invoked; `running` makes it."""

    def __init__(self, function: Function, process: asyncio.subprocess.Process, port: int) -> None:
        self.function = function
        self._process = process
        self._url = f"http://127.0.0.1:{port}{_PATH}"
        self._log = EmulatorLog()
        self._said = asyncio.Event()
        self._one_at_a_time = asyncio.Lock()
        self._session = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=function.timeout_seconds + _SPARE_SECONDS)
        )
        self._readers = [
            asyncio.create_task(self._read(process.stdout, self._log.stdout)),
            asyncio.create_task(self._read(process.stderr, self._log.stderr)),
        ]

    async def invoke(self, event: Any) -> Invocation:
        """Give the handler an event, and return what came of it.

        An event that is `bytes` goes as it is; anything else as JSON. An error of the handler is no
        exception here: it is in the result.

        Raises:
            PayloadTooLargeError: the event is over 6 MB.
            FunctionError: the emulator is gone, or does not answer.
        """
        body = event if isinstance(event, bytes) else json.dumps(event).encode()
        if len(body) > PAYLOAD_LIMIT:
            raise PayloadTooLargeError(len(body), PAYLOAD_LIMIT)
        async with self._one_at_a_time:
            self._log.begin()
            started = time.monotonic()
            try:
                async with self._session.post(self._url, data=io.BytesIO(body)) as answer:
                    status, content = answer.status, await answer.read()
            except (aiohttp.ClientError, TimeoutError) as error:
                raise FunctionError(
                    f"{self.function.handler}: the emulator did not answer: {error!r}"
                ) from error
            took_ms = (time.monotonic() - started) * 1000
            await self._await_log(failed=status != 200)
            return self._result(status, content, took_ms)

    def _result(self, status: int, content: bytes, took_ms: float) -> Invocation:
        log = self._log
        text = content.decode()
        payload: Any = None
        error: dict[str, Any] | None = None
        try:
            answer = json.loads(text) if text else None
        except ValueError:
            # The emulator's words where Lambda gives an error object.
            timed_out = text.startswith("Task timed out")
            kind = "Sandbox.Timedout" if timed_out else "Runtime.InvalidResponse"
            error = {"errorType": kind, "errorMessage": text}
        else:
            if status != 200 or log.handler_failed or _too_large(answer):
                error = answer
            else:
                payload = answer
        init_ms = log.init_ms
        duration_ms = log.duration_ms
        if duration_ms is None:
            duration_ms = max(0.0, took_ms - (init_ms or 0))
        return Invocation(payload, error, log.take(), duration_ms, init_ms)

    async def _await_log(self, *, failed: bool) -> None:
        """Wait until everything that belongs to the invocation has been read."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LOG_SECONDS):
                while not self._log.is_complete(failed=failed):
                    self._said.clear()
                    await self._said.wait()
        # One more turn: the two streams are read by two tasks.
        await asyncio.sleep(0.02 if failed else 0)

    async def _read(self, stream: asyncio.StreamReader | None, take: Callable[[str], None]) -> None:
        assert stream is not None  # noqa: S101 - both are pipes
        while True:
            try:
                line = await stream.readline()
            except ValueError:
                # A line longer than the reader's limit: it has thrown the line away.
                line = b"[a line too long to be kept]\n"
            if not line:
                break
            take(line.decode(errors="replace"))
            self._said.set()

    async def wait_until_ready(self, port: int) -> None:
        """Return when the emulator can be connected to."""
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            if self._process.returncode is not None:
                break
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.close()
                return
            await asyncio.sleep(0.01)
        said = self._log.take() + "\n".join(self._log.about_itself)
        raise FunctionError(f"the emulator does not listen: {said or 'it wrote nothing'}")

    async def close(self) -> None:
        """End the emulator, which ends the function, at once."""
        await self._session.close()
        if self._process.returncode is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                await asyncio.wait_for(self._process.wait(), _STOP_SECONDS)
            except TimeoutError:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(self._process.pid, signal.SIGKILL)
                await self._process.wait()
        for reader in self._readers:
            # The pipe's end comes with that of the function, whose end the emulator saw to.
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(reader, _STOP_SECONDS)


def _too_large(answer: Any) -> bool:
    return isinstance(answer, dict) and answer.get("errorType") == "Function.ResponseSizeTooLarge"


def _free_ports() -> tuple[int, int]:
    with socket.socket() as one, socket.socket() as other:
        one.bind(("127.0.0.1", 0))
        other.bind(("127.0.0.1", 0))
        return one.getsockname()[1], other.getsockname()[1]


@contextlib.asynccontextmanager
async def running(function: Function) -> AsyncIterator[RunningFunction]:
    """Run a function while the context lasts; its process starts with the first event.

    Raises:
        FunctionError: the zip cannot be unpacked, something is not built, or the emulator does not
            start.
    """
    with tempfile.TemporaryDirectory(prefix="lambda-") as folder:
        task_root = Path(folder, "task")
        try:
            Archive.read(function.zip).unpack(task_root)
        except ArchiveError as error:
            raise FunctionError(str(error)) from error
        prepare(function, task_root)
        port, api_port = _free_ports()
        process = await asyncio.create_subprocess_exec(
            *emulator(port, api_port),
            *command(function),
            cwd=task_root,
            env=environment(function, task_root),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            limit=PAYLOAD_LIMIT,
            # A group of its own: Ctrl-C is for the caller, who then stops the function.
            start_new_session=True,
        )
        ready = RunningFunction(function, process, port)
        try:
            await ready.wait_until_ready(port)
            yield ready
        finally:
            await ready.close()
