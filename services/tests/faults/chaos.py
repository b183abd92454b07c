"""Services as processes that are killed without warning and come back on the same port."""

import asyncio
import contextlib
import signal
import socket
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from random import Random
from typing import Any

import aiohttp

from libs.service_kit.testing import Service, launch

_START_SECONDS = 120
_POLL_SECONDS = 0.05
_SHORTEST_LIFE_SECONDS = 1.0
_LONGEST_LIFE_SECONDS = 5.0
_LONGEST_AWAY_SECONDS = 1.5
_LEAST_WORK = 30


class Instance:
    """One instance of a service: always at the same address, not always there."""

    def __init__(self, app: str, environment: Mapping[str, str]) -> None:
        self._app = app
        self._port = _free_port()
        self._environment = dict(environment) | {"PORT": str(self._port)}
        self._service: Service | None = None
        self.kills = 0
        self.log: list[dict[str, Any]] = []
        """What its processes that ended had logged."""

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def port(self) -> int:
        """Its port."""
        return self._port

    async def start(self) -> None:
        """Start it and wait until it answers. Raise AssertionError when it ends instead."""
        self._service = service = Service(launch(self._app, **self._environment))
        end = time.monotonic() + _START_SECONDS
        async with aiohttp.ClientSession() as session:
            while True:
                assert service.process.poll() is None, service.end()
                with contextlib.suppress(aiohttp.ClientError):
                    async with session.get(f"{self.url}/health") as response:
                        if response.ok:
                            return
                assert time.monotonic() < end, f"{self._app} does not answer"
                await asyncio.sleep(_POLL_SECONDS)

    async def kill(self) -> None:
        """End it as a crash of its machine does."""
        await self._end(signal.SIGKILL)
        self.kills += 1

    async def stop(self) -> None:
        """End it, if it runs."""
        if self._service:
            await self._end(signal.SIGKILL)

    async def _end(self, how: signal.Signals) -> None:
        service, self._service = self._service, None
        assert service
        early = service.process.poll()
        _, errors = await asyncio.to_thread(service.stop, how)
        for stream in (service.process.stdout, service.process.stderr):
            if stream:
                stream.close()
        self.log += service.lines
        assert early is None, f"{self._app} ended by itself with {early}: {errors}"


async def kill_at_random(
    instances: Sequence[Instance], dice: Random, work_done: Callable[[], int]
) -> None:
    """Kill one instance after the other, and start each again, until cancelled.

    Between two kills some work is done, however slow the machine: what is killed at once after its
    start shows nothing. A cancelled restart is finished first, so that all instances run at the
    end.
    """
    while True:
        enough = work_done() + _LEAST_WORK
        await asyncio.sleep(dice.uniform(_SHORTEST_LIFE_SECONDS, _LONGEST_LIFE_SECONDS))
        while work_done() < enough:  # noqa: ASYNC110 - what it counts does not know who waits
            await asyncio.sleep(_POLL_SECONDS)
        restart = asyncio.create_task(_restart(dice.choice(instances), dice))
        try:
            await asyncio.shield(restart)
        except asyncio.CancelledError:
            await restart
            raise


async def _restart(instance: Instance, dice: Random) -> None:
    await instance.kill()
    await asyncio.sleep(dice.uniform(0, _LONGEST_AWAY_SECONDS))
    await instance.start()


@asynccontextmanager
async def started(instances: Sequence[Instance]) -> AsyncIterator[None]:
    """Run the instances while the context lasts."""
    try:
        await asyncio.gather(*(instance.start() for instance in instances))
        yield
    finally:
        # All are stopped, also when one says that it had ended by itself.
        outcomes = await asyncio.gather(
            *(instance.stop() for instance in instances), return_exceptions=True
        )
    for outcome in outcomes:
        if outcome is not None:
            raise outcome


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
