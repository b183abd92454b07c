"""Both services are replaced, instance by instance, while orders come in: none is lost."""

import asyncio
from contextlib import AsyncExitStack, ExitStack

import aiohttp
import httpx

from libs.service_kit.testing import Service, running
from services.tests.balancer import balancing
from services.tests.conftest import ORDER_API, ORDER_PROCESSOR, PATIENT

CLIENTS = 8
UNITS = 100_000
# Longer than the balancer takes to notice and every client to get one more answer, and that much
# again for a busy machine.
DRAIN = {"DRAIN_DELAY_SECONDS": "1.5"}


class Load:
    """Clients that place one order after another over kept connections."""

    def __init__(self, url: str) -> None:
        self.answers: list[tuple[int, str]] = []
        self._url = url
        self._stopping = False
        self._clients: list[asyncio.Task[None]] = []

    def start(self, clients: int) -> None:
        """Begin to place orders."""
        self._clients = [asyncio.create_task(self._run(client)) for client in range(clients)]

    async def _run(self, client: int) -> None:
        """Place orders until told to stop. Raise for an order without an answer."""
        body = {"customer_id": "ann", "lines": [{"sku": "LEMON", "quantity": 1}]}
        timeout = aiohttp.ClientTimeout(total=90)
        async with aiohttp.ClientSession(timeout=timeout) as session:
            number = 0
            while not self._stopping:
                number += 1
                headers = {"Idempotency-Key": f"roll-{client}-{number}"}
                async with session.post(
                    f"{self._url}/v1/orders", json=body, headers=headers
                ) as answer:
                    document = await answer.json(content_type=None)
                    self.answers.append((answer.status, str(document.get("status"))))

    async def more(self, count: int) -> None:
        """Wait for further answers. Raise what ended a client."""
        wanted = len(self.answers) + count
        while len(self.answers) < wanted:
            await asyncio.sleep(0.01)
            for client in self._clients:
                if client.done():
                    client.result()

    async def stop(self) -> None:
        """Let every client end after its present order. Raise what ended one before."""
        self._stopping = True
        await asyncio.gather(*self._clients)


async def test_a_rolling_restart_under_load_drops_no_request(
    environment: dict[str, str],
) -> None:
    environment = environment | PATIENT | DRAIN
    with ExitStack() as processes:
        async with AsyncExitStack() as stack:

            async def start(app: str, **settings: str) -> Service:
                context = running(app, **environment, **settings)
                return await asyncio.to_thread(processes.enter_context, context)

            processors = [await start(ORDER_PROCESSOR) for _ in range(2)]
            stock = [service.url for service in processors]
            to_processors = await stack.enter_async_context(balancing(stock))
            wired = {"ORDER_PROCESSOR_URL": to_processors.url}
            apis = [await start(ORDER_API, **wired) for _ in range(2)]
            orders = [service.url for service in apis]
            to_apis = await stack.enter_async_context(balancing(orders))
            async with httpx.AsyncClient(base_url=to_processors.url, timeout=90) as client:
                put = await client.put("/v1/inventory/LEMON", json={"on_hand": UNITS})
                put.raise_for_status()

            load = Load(to_apis.url)
            load.start(CLIENTS)
            for app, services, addresses, balancer, settings in (
                (ORDER_PROCESSOR, processors, stock, to_processors, {}),
                (ORDER_API, apis, orders, to_apis, wired),
            ):
                for old in services:
                    await load.more(CLIENTS)
                    new = await start(app, **settings)
                    addresses.append(new.url)
                    await balancer.reached(new.url)
                    assert await asyncio.to_thread(old.stop) == (0, "")
                    addresses.remove(old.url)
            await load.more(CLIENTS)
            await load.stop()

            assert set(load.answers) == {(201, "CONFIRMED")}
            assert len(load.answers) > 100
            async with httpx.AsyncClient(base_url=to_processors.url, timeout=90) as client:
                level = (await client.get("/v1/inventory/LEMON")).json()
            sold = len(load.answers)
            assert (level["on_hand"], level["reserved"]) == (UNITS - sold, sold)
