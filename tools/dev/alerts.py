"""Collect the alerts of a run, and check that low stock was told of, and told once."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import botocore.exceptions

from tools.dev.errors import DevError
from tools.dev.queues import STOCK_ALERTS
from tools.dev.stock import Level
from tools.sns_local.topics import take

# As stock_alert has it by default.
LOW = 10
PATIENCE_SECONDS = 30.0
"""How long after the last order its alert may come."""
POLL_SECONDS = 0.5


class Alerts:
    """What was published to the topic since this was made."""

    def __init__(self, endpoint: str) -> None:
        self._endpoint = endpoint
        self._alerts: list[dict[str, Any]] = []

    async def forget(self) -> None:
        """Let go of what came until now. Raise DevError when the topic does not answer."""
        await self._take()
        self._alerts.clear()

    async def complete(self, levels: Mapping[str, Level]) -> None:
        """Wait until every SKU that is low now has been told of, or until that takes too long."""
        waited = 0.0
        await self._take()
        while waited < PATIENCE_SECONDS and _untold(self._alerts, levels):
            await asyncio.sleep(POLL_SECONDS)
            waited += POLL_SECONDS
            await self._take()

    def text(self) -> str:
        """Return what came, as a line of the report."""
        skus = sorted({alert["data"]["sku"] for alert in self._alerts})
        return f"alerts of low stock: {len(self._alerts)} ({', '.join(skus) or 'none'})"

    def faults(self, levels: Mapping[str, Level]) -> list[str]:
        """Return a sentence for each SKU and alert that is not as promised.

        `levels` are those at the end; at the beginning every SKU had recovered.
        """
        return [*_untold(self._alerts, levels), *_wrong(self._alerts)]

    async def _take(self) -> None:
        try:
            self._alerts += await asyncio.to_thread(take, self._endpoint, STOCK_ALERTS)
        except botocore.exceptions.BotoCoreError as error:
            raise DevError(f"the topic at {self._endpoint} does not answer: {error}") from error


def _untold(alerts: Sequence[Mapping[str, Any]], levels: Mapping[str, Level]) -> list[str]:
    told = {alert["data"]["sku"] for alert in alerts}
    return [
        f"{sku}: {level.on_hand} units are left, and nobody was told"
        for sku, level in sorted(levels.items())
        if level.on_hand <= LOW and sku not in told
    ]


def _wrong(alerts: Sequence[Mapping[str, Any]]) -> list[str]:
    found = []
    ids = set()
    for alert in alerts:
        data = alert["data"]
        if alert["id"] in ids:
            found.append(f"alert {alert['id']} came twice")
        ids.add(alert["id"])
        if data["on_hand"] > LOW:
            found.append(f"alert {alert['id']}: {data['on_hand']} units of {data['sku']}, not low")
    return found
