"""What order_api lists of a run's orders: whether each key made one order, and nothing else did."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from http import HTTPStatus
from urllib.parse import urlencode

import aiohttp

from tools.dev.client import Client, NoAnswerError
from tools.dev.errors import DevError
from tools.dev.placing import STATES, Outcome

PAGE = 100


async def listing_faults(
    order_api: str, outcomes: Sequence[Outcome], *, since: datetime
) -> list[str]:
    """Return a sentence for each customer whose list of orders is not what was placed.

    Args:
        order_api: the service's address.
        outcomes: all orders of the run.
        since: when it began; older orders are not looked at.

    Raises:
        DevError: a list cannot be read.
    """
    by_customer: dict[str, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        by_customer[outcome.order["customer_id"]].append(outcome)
    faults = []
    async with aiohttp.ClientSession(order_api) as session:
        client = Client(session)
        for customer, placed in by_customer.items():
            listed = await _orders_since(client, customer, since)
            faults += _compare(customer, placed, listed)
    return faults


def _compare(customer: str, placed: Sequence[Outcome], listed: dict[str, str]) -> list[str]:
    known = {outcome.order_id: outcome for outcome in placed if outcome.order_id}
    nameless = sum(not outcome.order_id for outcome in placed)
    faults = []
    if len(known) + nameless < len(placed):
        faults.append(f"{customer}: two keys got one order")
    unknown = listed.keys() - known.keys()
    # What got no answer may have become an order all the same.
    if len(unknown) > nameless:
        faults.append(f"{customer}: orders that nobody was told of: {', '.join(sorted(unknown))}")
    for order_id, outcome in known.items():
        state = listed.get(order_id, "not listed")
        if outcome.status not in (STATES.get(state), "failed", "pending"):
            faults.append(f"{customer}: order {order_id} is {state}, was {outcome.status}")
    return faults


async def _orders_since(client: Client, customer: str, since: datetime) -> dict[str, str]:
    """Return the states of a customer's orders by id; the list has the newest first."""
    found: dict[str, str] = {}
    query = {"customer_id": customer, "limit": str(PAGE)}
    while True:
        try:
            answer = await client.get(f"/v1/orders?{urlencode(query)}")
        except NoAnswerError as error:
            raise DevError(f"the orders of {customer} cannot be listed: {error}") from error
        if answer.status != HTTPStatus.OK:
            raise DevError(f"the orders of {customer} cannot be listed: {answer}")
        page = answer.document
        for order in page["orders"]:
            if datetime.fromisoformat(order["created_at"]) < since:
                return found
            found[order["order_id"]] = order["status"]
        if not page["next_cursor"]:
            return found
        query["cursor"] = page["next_cursor"]
