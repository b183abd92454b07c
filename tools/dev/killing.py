"""Kill order_processor while orders are placed, and see how long it is away."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
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
    """How order_processor was killed on the way."""

    refused: str = ""
    """Why it was not; "" when it was."""
    pid: int = 0
    after_orders: int = 0
    """Answered orders at that time."""
    ready_seconds: float | None = None
    """Until it was ready again; None when that took too long."""

    def __str__(self) -> str:
        """Return it as a sentence."""
        if self.refused:
            return f"order_processor was not killed: {self.refused}"
        back = (
            f"and was not ready again within {READY_TIMEOUT_SECONDS:g} s"
            if self.ready_seconds is None
            else f"and ready again after {self.ready_seconds:.1f} s"
        )
        return (
            f"order_processor (process {self.pid}) was killed after {self.after_orders} orders, "
            f"{back}"
        )


class Killer:
    """Kills order_processor once, when enough orders are answered.

    Args:
        data_dir: state folder of the `up` that runs it; None to leave it alone.
        address: where it listens.
        after: the number of answered orders at which it is killed.
    """

    def __init__(self, data_dir: Path | None, address: str, *, after: int) -> None:
        self._data_dir = data_dir
        self._address = address
        self._after = max(1, after)
        self._kill = Kill("as asked for by --no-kill" if data_dir is None else "too few orders")
        self._away: asyncio.Task[None] | None = None

    def at(self, count: int) -> None:
        """Kill it if `count` is the number of answered orders to do it at."""
        if self._data_dir is None or count != self._after:
            return
        try:
            pid = kill_program(self._data_dir, "order_processor", address=self._address)
        except DevError as error:
            self._kill = Kill(str(error))
            print(f"{self._kill}; give the --data-dir of `up`", flush=True)
            return
        self._kill = Kill(pid=pid, after_orders=count)
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
                            self._kill = Kill(
                                pid=self._kill.pid,
                                after_orders=self._kill.after_orders,
                                ready_seconds=seconds,
                            )
                            return
                except (aiohttp.ClientError, TimeoutError):
                    continue
