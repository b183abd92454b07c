"""The two order systems that are compared, each an order service and a processor as processes."""

import asyncio
import json
import os
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from tools.bench.orders.processes import Usage, usage

ORDER_API = "order_api"
ORDER_PROCESSOR = "order_processor"

_START_SECONDS = 60
_STOP_SECONDS = 30
_POLL_SECONDS = 0.05
_STOCK = 1_000_000_000
_SEEDING_AT_ONCE = 8
_SHOWN_OF_LOG = 2000

# As the service's own program does it (tools/build/python/service.bzl).
_SERVE = "import sys; from libs.service_kit.server import serve; sys.exit(serve({app!r}, port=0))"
_SETTINGS = {
    "AWS_ACCESS_KEY_ID": "local",
    "AWS_SECRET_ACCESS_KEY": "local",
    "AWS_REGION": "us-east-1",
    "HOST": "127.0.0.1",
    "PORT": "0",
    "DRAIN_DELAY_SECONDS": "0",
    # DynamoDB Local is slower than the service that the defaults are made for.
    "DYNAMODB_TIMEOUT_SECONDS": "10",
    "PROCESSOR_TIMEOUT_SECONDS": "9",
}


class BenchmarkError(Exception):
    """The benchmark cannot be run; the message says why."""


@dataclass(frozen=True, slots=True)
class Variant:
    """An order system: how its two services are started."""

    name: str
    services: Mapping[str, Sequence[str]]
    """The arguments for Python, by service."""


PLATFORM = Variant(
    "platform",
    {
        name: ("-c", _SERVE.format(app=f"services.{name}.app:app"))
        for name in (ORDER_PROCESSOR, ORDER_API)
    },
)
PLAIN = Variant(
    "plain",
    {
        name: ("-m", "tools.bench.orders.plain.server", f"tools.bench.orders.plain.{module}:app")
        for name, module in ((ORDER_PROCESSOR, "processor"), (ORDER_API, "order_service"))
    },
)


def python_environment() -> dict[str, str]:
    """Return what a Python process needs of this one's environment, to find the same modules."""
    return {
        "PATH": os.environ.get("PATH", ""),
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        # The folder that this is called from is no place for modules.
        "PYTHONSAFEPATH": "1",
    }


def profiled(service: str, stacks: Path) -> Variant:
    """Return the platform with `service` under the sampler, which writes to `stacks`."""
    arguments = ("-m", "tools.bench.orders.profiled", f"services.{service}.app:app", str(stacks))
    return Variant("profiled", {**PLATFORM.services, service: arguments})


@dataclass(frozen=True, slots=True)
class Service:
    """A running service."""

    pid: int
    url: str


@dataclass(frozen=True, slots=True)
class Running:
    """A running order system."""

    variant: Variant
    services: Mapping[str, Service]

    @property
    def url(self) -> str:
        """Where orders are placed."""
        return self.services[ORDER_API].url

    def usage(self) -> dict[str, Usage]:
        """Return what each service used so far. Raise OSError when one has ended."""
        return {name: usage(service.pid) for name, service in self.services.items()}

    async def set_stock(self, skus: Sequence[str]) -> None:
        """Give every SKU more units than will be ordered."""
        url = f"{self.services[ORDER_PROCESSOR].url}/v1/inventory"
        slots = asyncio.Semaphore(_SEEDING_AT_ONCE)
        async with aiohttp.ClientSession(raise_for_status=True) as session:

            async def put(sku: str) -> None:
                async with slots, session.put(f"{url}/{sku}", json={"on_hand": _STOCK}):
                    pass

            async with asyncio.TaskGroup() as group:
                for sku in skus:
                    group.create_task(put(sku))


@asynccontextmanager
async def running(
    variant: Variant,
    *,
    endpoint: str,
    tables: Mapping[str, str],
    logs: Path,
    cpus: set[int] | None = None,
) -> AsyncIterator[Running]:
    """Run both services of a variant while the context lasts; their output goes to `logs`.

    They run on `cpus`, else on those of this process. `tables` are the tables' names by the names
    that the services have for them. Raise BenchmarkError when a service does not start.
    """
    environment = {
        **python_environment(),
        "DYNAMODB_ENDPOINT": endpoint,
        **_SETTINGS,
        **{f"{name.upper()}_TABLE": table for name, table in tables.items()},
    }
    processes: list[Process] = []
    services: dict[str, Service] = {}
    try:
        for name in (ORDER_PROCESSOR, ORDER_API):
            log = logs / f"{variant.name}-{name}.log"
            with log.open("wb") as output:
                process = await asyncio.create_subprocess_exec(
                    sys.executable,
                    *variant.services[name],
                    env=environment,
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=output,
                    stderr=asyncio.subprocess.STDOUT,
                )
            processes.append(process)
            if cpus:
                os.sched_setaffinity(process.pid, cpus)
            try:
                async with asyncio.timeout(_START_SECONDS):
                    url = f"http://127.0.0.1:{await _port(process, log)}"
                    await _healthy(url, process, log)
            except TimeoutError as error:
                raise BenchmarkError(f"{log.stem} does not answer: {_end_of(log)}") from error
            services[name] = Service(process.pid, url)
            environment["ORDER_PROCESSOR_URL"] = url
        yield Running(variant, services)
    finally:
        for process in reversed(processes):
            await _stop(process)


async def _port(process: Process, log: Path) -> int:
    """Return the port that the process says it listens on."""
    while (port := _said_port(log)) is None:
        _must_run(process, log)
        await asyncio.sleep(_POLL_SECONDS)
    return port


def _said_port(log: Path) -> int | None:
    for line in log.read_text(encoding="utf-8").splitlines(keepends=True):
        if '"listening"' in line and line.endswith("\n"):
            return int(json.loads(line)["port"])
    return None


async def _healthy(url: str, process: Process, log: Path) -> None:
    async with aiohttp.ClientSession() as session:
        while True:
            try:
                async with session.get(f"{url}/health") as answer:
                    answer.raise_for_status()
                    return
            except aiohttp.ClientConnectionError:
                _must_run(process, log)
                await asyncio.sleep(_POLL_SECONDS)


def _must_run(process: Process, log: Path) -> None:
    if process.returncode is not None:
        raise BenchmarkError(f"{log.stem} ended with {process.returncode}: {_end_of(log)}")


def _end_of(log: Path) -> str:
    return log.read_text(encoding="utf-8")[-_SHOWN_OF_LOG:]


async def _stop(process: Process) -> None:
    with suppress(ProcessLookupError):
        process.terminate()
    try:
        await asyncio.wait_for(process.wait(), _STOP_SECONDS)
    except TimeoutError:
        process.kill()
        await process.wait()
