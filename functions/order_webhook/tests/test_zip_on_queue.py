"""The function's zip in Lambda's runtime client, fed by a queue, with subscribers over TLS."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import ssl
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import trustme
from aiohttp import web
from aiohttp.test_utils import TestServer
from pydantic import TypeAdapter
from standardwebhooks import Webhook

from functions.order_webhook.tables import TABLES
from libs.contracts.order_events import OrderEvent
from libs.dynamo import Dynamo
from libs.dynamo.testing import CREDENTIALS, fresh_tables
from tools.dynamodb_local import server as dynamodb_local
from tools.lambda_local.runtime import NODE, Function, running
from tools.lambda_local.sources.sqs import SqsMapping, SqsSource
from tools.sqs_local import server as sqs_local
from tools.sqs_local.client import connect_queue
from tools.sqs_local.server import SqsLocal

ZIP = Path(os.environ["ZIP"])
EVENTS, DEAD_LETTERS = "order-events.fifo", "order-webhook-dead.fifo"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
STEPS = {"placed": "PENDING", "confirmed": "CONFIRMED", "shipped": "SHIPPED"}


@pytest.fixture(scope="module")
def sqs() -> Iterator[SqsLocal]:
    with sqs_local.start(queues=[EVENTS, DEAD_LETTERS]) as running:
        yield running


@pytest.fixture(scope="module")
def dynamodb() -> Iterator[str]:
    with dynamodb_local.start() as running, pytest.MonkeyPatch.context() as patch:
        for name, value in CREDENTIALS.items():
            patch.setenv(name, value)
        yield running.endpoint


@dataclass
class Shop:
    """A subscriber that refuses the first delivery of each event."""

    refused: set[str] = field(default_factory=set)
    taken: list[str] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.Response:
        body = await request.text()
        event = Webhook(SECRET).verify(body, dict(request.headers))
        TypeAdapter[Any](OrderEvent).validate_python(event)
        name = request.headers["webhook-id"]
        assert name == event["id"]
        if name not in self.refused:
            self.refused.add(name)
            return web.Response(status=503, headers={"Retry-After": "0"})
        self.taken.append(name)
        return web.Response(status=204)


@asynccontextmanager
async def served(shop: Shop, authority: trustme.CA) -> AsyncIterator[str]:
    """Run a shop on loopback; yield its URL."""
    application = web.Application()
    application.add_routes([web.post("/webhooks", shop.answer)])
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    server = TestServer(application, scheme="https")
    await server.start_server(ssl=context)
    try:
        yield f"https://127.0.0.1:{server.port}/webhooks"
    finally:
        await server.close()


def event(order_id: str, step: str) -> dict[str, Any]:
    place = list(STEPS).index(step) + 1
    time = "2026-01-02T03:04:05.678Z"
    return {
        "specversion": "1.0",
        "id": f"{order_id}.{place}",
        "source": "/granary/order_api",
        "type": f"granary.order.{step}.v1",
        "subject": order_id,
        "time": time,
        "datacontenttype": "application/json",
        "partitionkey": order_id,
        "sequence": f"{place:020}",
        "data": {
            "order_id": order_id,
            "customer_id": "ann",
            "status": STEPS[step],
            "lines": [{"sku": "kettle", "quantity": 2}],
            "created_at": time,
            "updated_at": time,
        },
    }


async def subscribe(dynamo: Dynamo, table: str, name: str, url: str) -> None:
    item = {
        "subscriber_id": {"S": name},
        "url": {"S": url},
        "secrets": {"L": [{"S": SECRET}]},
        "event_types": {"L": [{"S": "*"}]},
        "enabled": {"BOOL": True},
    }
    await dynamo.call("PutItem", {"TableName": table, "Item": item})


def function(environment: dict[str, str]) -> Function:
    return Function(
        zip=ZIP,
        handler="handler.handler",
        runtime=NODE,
        environment=environment,
        timeout_seconds=60,
    )


async def dead_letters(url: str) -> list[dict[str, Any]]:
    """Take what is there."""
    async with connect_queue(url) as queue:
        messages = await queue.receive()
        await queue.delete([message["ReceiptHandle"] for message in messages])
    return [json.loads(message["Body"]) for message in messages]


async def test_events_of_the_queue_reach_subscribers_signed_and_in_order(
    sqs: SqsLocal, dynamodb: str, tmp_path: Path
) -> None:
    shop, authority, said = Shop(), trustme.CA(), list[str]()
    certificate = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(certificate)
    async with (
        fresh_tables(dynamodb, TABLES) as (dynamo, names),
        served(shop, authority) as url,
        connect_queue(sqs.queue_url(EVENTS)) as queue,
        running(
            function(
                CREDENTIALS
                | {
                    "ALLOWED_PORTS": "1024-65535",
                    "ALLOWED_PRIVATE_NETWORKS": "127.0.0.0/8",
                    "AWS_ENDPOINT_URL_DYNAMODB": dynamodb,
                    "AWS_ENDPOINT_URL_SQS": sqs.endpoint,
                    "DEAD_LETTERS_QUEUE_URL": sqs.queue_url(DEAD_LETTERS),
                    "DELIVERIES_TABLE": names["webhook_deliveries"],
                    "NODE_EXTRA_CA_CERTS": str(certificate),
                    "SUBSCRIBERS_TABLE": names["webhook_subscribers"],
                }
            )
        ) as called,
    ):
        await subscribe(dynamo, names["webhook_subscribers"], "shop", url)
        await subscribe(dynamo, names["webhook_subscribers"], "lost", url + "/not-found")
        await queue.send("not JSON", group="o1", event_id="malformed")
        for step in STEPS:
            for order_id in ("o1", "o2"):
                one = event(order_id, step)
                await queue.send(json.dumps(one), group=order_id, event_id=one["id"])
        arn = f"arn:aws:sqs:us-east-1:000000000000:{EVENTS}"
        mapping = SqsMapping(queue_url=sqs.queue_url(EVENTS), queue_arn=arn)
        source = SqsSource(queue, called, mapping, say=said.append)
        task = asyncio.create_task(source.run())
        letters: list[dict[str, Any]] = []
        async with asyncio.timeout(60):
            while not said and (len(letters) < 7 or len(shop.taken) < 6):
                await asyncio.sleep(0.1)
                letters += await dead_letters(sqs.queue_url(DEAD_LETTERS))
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
    assert [] == said
    for order_id in ("o1", "o2"):
        own = [name for name in shop.taken if name.startswith(order_id)]
        assert [f"{order_id}.{place}" for place in (1, 2, 3)] == own
    kept = Counter((letter.get("subscriber_id"), letter["detail"]) for letter in letters)
    assert {("lost", "the answer was 404"): 6, (None, "the body is not JSON"): 1} == kept


async def test_bad_settings_stop_the_cold_start_and_are_named() -> None:
    async with running(function({"ATTEMPTS": "0"})) as called:
        result = await called.invoke({"Records": []})
    assert result.error
    assert "DEAD_LETTERS_QUEUE_URL is an http or https URL" in result.error["errorMessage"]
    assert 'ATTEMPTS is a whole number from 1 to 10, not "0"' in result.error["errorMessage"]
