"""What a service answers, keeps and tells, in the words of the model."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from libs.dynamo import Dynamo
from libs.outbox.testing import waiting_events
from libs.service_kit.testing_problems import problem
from services.order_processor.tests import stock_model as model
from services.order_processor.tests.stock_operations import ORDERS, SKUS

_OF_EVERY_PROBLEM = ("type", "title", "status", "detail", "request_id")
_MOMENTS = ("created_at", "updated_at", "expires_at")


@dataclass(frozen=True)
class Seen:
    """What lies in the tables."""

    levels: Mapping[str, model.Level] = field(default_factory=dict)
    decisions: Mapping[str, model.Decision] = field(default_factory=dict)
    events: Mapping[str, tuple[model.Told, ...]] = field(default_factory=dict)
    """By subject, in order of sequence."""
    places: Mapping[str, tuple[tuple[str, int], ...]] = field(default_factory=dict)
    """Id and sequence of those events."""

    def is_that_of(self, state: model.State) -> bool:
        """Say whether it is what the model expects."""
        expected = (state.levels, state.decisions, state.events)
        return (self.levels, self.decisions, self.events) == expected


async def look(dynamo: Dynamo, names: Mapping[str, str]) -> Seen:
    """Read all that the service keeps; `names` are those of its tables."""
    levels, decisions, events = await asyncio.gather(
        dynamo.batch_get(names["inventory"], [{"sku": sku} for sku in SKUS]),
        dynamo.batch_get(names["reservations"], [{"order_id": order} for order in ORDERS]),
        waiting_events(dynamo, names["stock_events"]),
    )
    told: dict[str, tuple[model.Told, ...]] = {}
    places: dict[str, tuple[tuple[str, int], ...]] = {}
    for event in events:
        subject = event["subject"]
        told[subject] = (*told.get(subject, ()), (event["type"], event["data"]))
        places[subject] = (*places.get(subject, ()), (event["id"], int(event["sequence"])))
    return Seen(
        {str(item["sku"]): _level(item) for item in levels},
        {str(item["order_id"]): _decision(item) for item in decisions},
        told,
        places,
    )


def answer_of(response: httpx.Response) -> model.Answer:
    """Return what the model says of an answer, too."""
    document = response.json() if response.is_success else problem(response)
    without = _MOMENTS if response.is_success else _OF_EVERY_PROBLEM
    told = {
        name: value for name, value in document.items() if value is not None and name not in without
    }
    tag = {"etag": response.headers["etag"]} if "etag" in response.headers else {}
    return {"http": response.status_code, **tag, **told}


def outcome_of(answer: model.Answer) -> str:
    """Return the one word that says most about an answer."""
    told = answer or {}
    return str(told.get("kind") or told.get("status") or told.get("http"))


def _level(item: Mapping[str, Any]) -> model.Level:
    return model.Level(item["on_hand"], item["reserved"], item["sold"], item["version"])


def _decision(item: Mapping[str, Any]) -> model.Decision:
    return model.Decision(
        tuple((line["sku"], line["quantity"]) for line in item["lines"]),
        item["status"],
        item.get("refusal"),
        item.get("refused_sku"),
        item.get("release_reason"),
    )
