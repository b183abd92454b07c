"""The programs of the development stack: how each is started, and when it is ready."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Mapping
from http import HTTPStatus
from pathlib import Path

import aiohttp
from pydantic import HttpUrl

from libs.dynamo import DynamoSettings, connect, create_tables
from services.order_api.tables import TABLES as ORDER_API_TABLES
from services.order_processor.tables import TABLES as ORDER_PROCESSOR_TABLES
from tools.dev.errors import DevError
from tools.dev.keeping import Say, keep
from tools.dev.ports import PORTS
from tools.dev.processes import Process, Show
from tools.dev.queues import QUEUES
from tools.dev.state import State
from tools.dynamodb_local import server as dynamodb_local
from tools.sqs_local import server as sqs_local

# Not resolved: the services' programs lie beside this file in the runfiles tree only.
ROOT = Path(__file__).parent.parent.parent
# Stopped in the reverse order.
SERVICES = ("order_processor", "order_api")
READY_TIMEOUT_SECONDS = 60
LISTENING = r"^listening (\d+)$"
POLL_SECONDS = 0.1

# The local servers take any; without some, the services would ask a cloud's metadata server.
DUMMY_CREDENTIALS = {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local"}
SERVICE_SETTINGS = {
    "AWS_REGION": "us-east-1",
    # Nothing routes requests here that would first have to notice.
    "DRAIN_DELAY_SECONDS": "0",
    # A laptop's disk and two cores are slower than the service that the default is made for.
    "DYNAMODB_TIMEOUT_SECONDS": "10",
    "HOST": "127.0.0.1",
    "PROCESSOR_TIMEOUT_SECONDS": "9",
    # So that who watches an order that waits for its decision does not wait long for more.
    "RECONCILE_SECONDS": "1",
}
# What Bazel's Python start-up code set for this program is not meant for others.
DROPPED_VARIABLES = ("PYTHONPATH", "PYTHONSAFEPATH")


class Stack:
    """DynamoDB Local, the local SQS, order_processor and order_api, on loopback.

    A service that is killed is started again; anything else that ends is the end of the stack.
    """

    def __init__(self, ports: Mapping[str, int], state: State, *, show: Show, say: Say) -> None:
        self.addresses = {name: f"http://127.0.0.1:{ports[name]}" for name in PORTS}
        self._ports = ports
        self._state = state
        self._show = show
        self._say = say
        # In the order of their first start, which a later one does not change.
        self._processes: dict[str, Process] = {}
        self._first_end: asyncio.Future[Process] = asyncio.get_running_loop().create_future()
        self._watchers: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Start database and queue, then both services together, and wait until all are ready.

        Raises:
            DevError: a part cannot be run, or is not ready in a minute.
        """
        database_listens = await self._start_server(
            "dynamodb", dynamodb_local.command(self._ports["dynamodb"], self._state.database)
        )
        queue_listens = await self._start_server(
            "sqs", sqs_local.command(self._ports["sqs"], sorted(QUEUES.values()))
        )
        async with _ready_within("dynamodb"):
            await database_listens
            await self._create_tables()
        async with _ready_within("sqs"):
            await queue_listens
        for name in SERVICES:
            self._watch(name, await self._start_service(name))
        for name in SERVICES:
            async with _ready_within(name):
                await _wait_ready(self.addresses[name])

    async def first_end(self) -> Process:
        """Wait until a program ends by itself, for good, and return it."""
        return await asyncio.shield(self._first_end)

    async def stop(self) -> None:
        """Stop in the reverse order of starting, each gone before the next is told."""
        await self._watchers_off()
        for process in reversed(self._processes.values()):
            await process.stop()

    async def kill(self) -> None:
        """End everything at once."""
        await self._watchers_off()
        await asyncio.gather(*(process.kill() for process in self._processes.values()))

    def _settings(self, name: str) -> dict[str, str]:
        return _environment(
            PORT=str(self._ports[name]),
            DYNAMODB_ENDPOINT=self.addresses["dynamodb"],
            EVENTS_QUEUE_URL=sqs_local.queue_url(self.addresses["sqs"], QUEUES[name]),
            ORDER_PROCESSOR_URL=self.addresses["order_processor"],
        )

    async def _start_server(self, name: str, command: list[str]) -> asyncio.Future[str]:
        """Start a server and return the future of its line that it listens.

        Watched for at once: while the next one is started, the line may come and be gone.
        """
        process = await self._start(name, command, _environment())
        self._watch(name, process)
        return process.said(LISTENING)

    async def _start_service(self, name: str) -> Process:
        command = [str(ROOT / "services" / name / name)]
        return await self._start(name, command, self._settings(name))

    async def _start(self, name: str, command: list[str], environment: dict[str, str]) -> Process:
        process = await Process.start(name, command, environment, self._show)
        self._processes[name] = process
        self._state.note_program(name, pid=process.pid, address=self.addresses[name])
        return process

    def _watch(self, name: str, process: Process) -> None:
        self._watchers.append(asyncio.create_task(self._until_end(name, process)))

    async def _until_end(self, name: str, process: Process) -> None:
        try:
            if name in SERVICES:
                process = await keep(
                    process,
                    start=lambda: self._start_service(name),
                    ready=lambda: _wait_ready(self.addresses[name]),
                    say=self._say,
                )
            else:
                await process.ended()
        except DevError as error:
            if not self._first_end.done():
                self._first_end.set_exception(error)
        else:
            if not self._first_end.done():
                self._first_end.set_result(process)

    async def _watchers_off(self) -> None:
        for watcher in self._watchers:
            watcher.cancel()
        if self._watchers:
            await asyncio.wait(self._watchers)

    async def _create_tables(self) -> None:
        os.environ.update(DUMMY_CREDENTIALS)
        settings = DynamoSettings(
            aws_region="us-east-1",
            dynamodb_endpoint=HttpUrl(self.addresses["dynamodb"]),
            dynamodb_timeout_seconds=30,
        )
        async with connect(settings) as dynamo:
            await create_tables(dynamo, {**ORDER_API_TABLES, **ORDER_PROCESSOR_TABLES})


def _environment(**settings: str) -> dict[str, str]:
    """Return the environment for a child: the user's, but no cloud account of theirs."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("AWS_") and name not in DROPPED_VARIABLES
    }
    return {**kept, **DUMMY_CREDENTIALS, **SERVICE_SETTINGS, **settings}


@contextlib.asynccontextmanager
async def _ready_within(name: str) -> AsyncIterator[None]:
    """Give the block a minute, and turn a time-out into a message that names the program."""
    try:
        async with asyncio.timeout(READY_TIMEOUT_SECONDS):
            yield
    except TimeoutError as error:
        raise DevError(
            f"{name} is not ready after {READY_TIMEOUT_SECONDS} s: its log is above"
        ) from error


async def _wait_ready(address: str) -> None:
    async with aiohttp.ClientSession() as session:
        while True:
            try:
                async with session.get(f"{address}/ready") as answer:
                    if answer.status == HTTPStatus.OK:
                        return
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(POLL_SECONDS)
