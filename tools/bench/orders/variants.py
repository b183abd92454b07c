"""The two order systems that are compared, each an order service and a processor as processes."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from tools.bench.orders.processes import Usage, usage
from tools.bench.orders.serving import (
    Service,
    plain_service,
    platform_service,
    python_environment,
    serving,
)

ORDER_API = "order_api"
ORDER_PROCESSOR = "order_processor"

_STOCK = 1_000_000_000
_SEEDING_AT_ONCE = 8

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


@dataclass(frozen=True, slots=True)
class Variant:
    """An order system: how its two services are started."""

    name: str
    services: Mapping[str, Sequence[str]]
    """The arguments for Python, by service."""


PLATFORM = Variant(
    "platform",
    {name: platform_service(name) for name in (ORDER_PROCESSOR, ORDER_API)},
)
PLAIN = Variant(
    "plain",
    {
        name: plain_service(f"tools.bench.orders.plain.{module}:app")
        for name, module in ((ORDER_PROCESSOR, "processor"), (ORDER_API, "order_service"))
    },
)


def profiled(service: str, stacks: Path) -> Variant:
    """Return the platform with `service` under the sampler, which writes to `stacks`."""
    arguments = ("-m", "tools.bench.orders.profiled", f"services.{service}.app:app", str(stacks))
    return Variant("profiled", {**PLATFORM.services, service: arguments})


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
    services: dict[str, Service] = {}
    async with AsyncExitStack() as stack:
        for name in (ORDER_PROCESSOR, ORDER_API):
            services[name] = await stack.enter_async_context(
                serving(
                    variant.services[name],
                    environment=environment,
                    log=logs / f"{variant.name}-{name}.log",
                    cpus=cpus,
                )
            )
            environment["ORDER_PROCESSOR_URL"] = services[name].url
        yield Running(variant, services)
