"""Kill a service while it is used, and see how long it is away."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, replace
from http import HTTPStatus
from pathlib import Path

import aiohttp

from tools.dev.errors import DevError
from tools.dev.running import kill_program

READY_TIMEOUT_SECONDS = 60.0
POLL_SECONDS = 0.05
POLL_TIMEOUT_SECONDS = 5


@dataclass(frozen=True)
class Kill:
    """How a service was killed on the way."""

    name: str
    refused: str = ""
    """Why it was not; "" when it was."""
    pid: int = 0
    after: str = ""
    """What was done at that time, such as `12 orders`."""
    ready_seconds: float | None = None
    """Until it was ready again; None when that took too long."""

    def __str__(self) -> str:
        """Return it as a sentence."""
        if self.refused:
            return f"{self.name} was not killed: {self.refused}"
        back = (
            f"and was not ready again within {READY_TIMEOUT_SECONDS:g} s"
            if self.ready_seconds is None
            else f"and ready again after {self.ready_seconds:.1f} s"
        )
        return f"{self.name} (process {self.pid}) was killed after {self.after}, {back}"


class Killer:
    """Kills a service once, when enough is done.

    Args:
        name: of the service.
        data_dir: state folder of the `up` that runs it; None to leave it alone.
        address: where it listens.
        after: the number of things done at which it is killed.
        things: what is counted.
    """

    def __init__(
        self, name: str, data_dir: Path | None, address: str, *, after: int, things: str
    ) -> None:
        self._name = name
        self._data_dir = data_dir
        self._address = address
        self._after = max(1, after)
        self._things = things
        refused = "as asked for by --no-kill" if data_dir is None else f"too few {things}"
        self._kill = Kill(name, refused)
        self._away: asyncio.Task[None] | None = None

    def at(self, count: int) -> None:
        """Kill it if `count` is the first number told that is enough."""
        if self._data_dir is None or count < self._after:
            return
        data_dir, self._data_dir = self._data_dir, None
        try:
            pid = kill_program(data_dir, self._name, address=self._address)
        except DevError as error:
            self._kill = Kill(self._name, str(error))
            print(f"{self._kill}; give the --data-dir of `up`", flush=True)
            return
        self._kill = Kill(self._name, pid=pid, after=f"{count} {self._things}")
        self._away = asyncio.create_task(self._wait())

    async def result(self) -> Kill:
        """Wait until it is ready again, and return what happened."""
        if self._away:
            await self._away
        return self._kill

    async def _wait(self) -> None:
        started = time.monotonic()
        timeout = aiohttp.ClientTimeout(total=POLL_TIMEOUT_SECONDS)
        async with aiohttp.ClientSession(self._address, timeout=timeout) as session:
            while (seconds := time.monotonic() - started) < READY_TIMEOUT_SECONDS:
                # Right after SIGKILL its socket may still take a connection.
                await asyncio.sleep(POLL_SECONDS)
                try:
                    async with session.get("/ready") as answer:
                        if answer.status == HTTPStatus.OK:
                            self._kill = replace(self._kill, ready_seconds=seconds)
                            return
                except (aiohttp.ClientError, TimeoutError):
                    continue
