"""The development stack: servers and programs, when each is ready, and their end."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable, Mapping
from http import HTTPStatus

import aiohttp

from tools.dev.catalogue import load_catalogue
from tools.dev.errors import DevError
from tools.dev.keeping import Say, keep
from tools.dev.processes import Process, Show
from tools.dev.programs import INDEPENDENT, PROGRAMS, RUNNING, Programs, environment
from tools.dev.queues import DEAD_LETTERS, EVENTS, STOCK_ALERTS
from tools.dev.site.files import write_site
from tools.dev.site.sales import make_shop
from tools.dev.state import State
from tools.dev.tables import prepare
from tools.dynamodb_local import server as dynamodb_local
from tools.sns_local import server as sns_local
from tools.sqs_local import server as sqs_local

READY_TIMEOUT_SECONDS = 60
LISTENING = r"^listening (\d+)$"
POLL_SECONDS = 0.1


class Stack:
    """Database, queue and topic, all services, the functions, and whom they talk to, on loopback.

    A program that is killed is started again; a server that ends is the end of the stack.
    """

    def __init__(self, ports: Mapping[str, int], state: State, *, show: Show, say: Say) -> None:
        self._programs = Programs(ports, state)
        self.addresses = self._programs.addresses
        self._ports = ports
        self._state = state
        self._show = show
        self._say = say
        # In the order of their first start, which a later one does not change.
        self._processes: dict[str, Process] = {}
        self._functions_run: asyncio.Future[str] | None = None
        self._first_end: asyncio.Future[Process] = asyncio.get_running_loop().create_future()
        self._watchers: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Start the servers beside what needs none, then the rest, and wait until all are ready.

        Raises:
            DevError: a part cannot be run, or is not ready in a minute.
        """
        write_site(
            self._state.site,
            make_shop(load_catalogue()),
            webshop=self.addresses["webshop"],
            token_file=self._state.webshop_token(),
        )
        await self._start_programs(INDEPENDENT)
        queues = sorted([*EVENTS.values(), *DEAD_LETTERS.values()])
        servers = {
            "dynamodb": dynamodb_local.command(self._ports["dynamodb"], self._state.database),
            "sqs": sqs_local.command(self._ports["sqs"], queues),
            "sns": sns_local.command(self._ports["sns"], [STOCK_ALERTS]),
        }
        listens = {name: await self._start_server(name, line) for name, line in servers.items()}
        async with _ready_within("dynamodb"):
            await listens.pop("dynamodb")
            await prepare(
                self.addresses["dynamodb"],
                subscriber=self.addresses["subscriber"],
                secret=self._state.webhook_secret(),
            )
        for name, listening in listens.items():
            async with _ready_within(name):
                await listening
        await self._start_programs([name for name in PROGRAMS if name not in INDEPENDENT])
        for name in PROGRAMS:
            async with _ready_within(name):
                await self._ready(name)

    async def first_end(self) -> Process:
        """Wait until a program ends by itself, for good, and return it."""
        return await asyncio.shield(self._first_end)

    async def stop(self) -> None:
        """Stop in the reverse order of starting, each gone before the next is told.

        The first ones, which can be without each other, are stopped together.
        """
        await self._watchers_off()
        for name, process in reversed(self._processes.items()):
            if name not in INDEPENDENT:
                await process.stop()
        await asyncio.gather(*(process.stop() for process in self._processes.values()))

    async def kill(self) -> None:
        """End everything at once."""
        await self._watchers_off()
        await asyncio.gather(*(process.kill() for process in self._processes.values()))

    async def _start_server(self, name: str, command: list[str]) -> asyncio.Future[str]:
        """Start a server and return the future of its line that it listens.

        Watched for at once: while the next one is started, the line may come and be gone.
        """
        process = await self._start(name, command, environment())
        self._watch(name, process)
        return process.said(LISTENING)

    async def _start_programs(self, names: Iterable[str]) -> None:
        for name in names:
            self._watch(name, await self._start_program(name))

    async def _start_program(self, name: str) -> Process:
        command = self._programs.command(name)
        process = await self._start(name, command, self._programs.environment(name))
        if name == "functions":
            self._functions_run = process.said(f"^({RUNNING})$")
        return process

    async def _ready(self, name: str) -> None:
        """Wait until the program that has the name now can be used."""
        if name != "functions":
            await _wait_ready(self.addresses[name])
        elif self._functions_run:
            await self._functions_run

    async def _start(self, name: str, command: list[str], environment: dict[str, str]) -> Process:
        process = await Process.start(name, command, environment, self._show)
        self._processes[name] = process
        # The functions listen on no port of the stack.
        self._state.note_program(name, pid=process.pid, address=self.addresses.get(name, ""))
        return process

    def _watch(self, name: str, process: Process) -> None:
        self._watchers.append(asyncio.create_task(self._until_end(name, process)))

    async def _until_end(self, name: str, process: Process) -> None:
        try:
            if name in PROGRAMS:
                process = await keep(
                    process,
                    start=lambda: self._start_program(name),
                    ready=lambda: self._ready(name),
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
