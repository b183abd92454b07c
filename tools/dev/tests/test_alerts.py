"""Alerts are collected from the topic's queue, and low stock that nobody was told of is named."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from tools.dev import alerts as alerts_module
from tools.dev.alerts import Alerts
from tools.dev.errors import DevError
from tools.dev.queues import STOCK_ALERTS
from tools.dev.stock import Level
from tools.sns_local import server as sns_local
from tools.sns_local.topics import sns_client, topic_arn

LOW, MANY = Level(on_hand=3), Level(on_hand=50)


@pytest.fixture(scope="module")
def sns() -> Iterator[str]:
    with sns_local.start(topics=[STOCK_ALERTS]) as server:
        yield server.endpoint


def publish(sns: str, sku: str, *, on_hand: int = 3, number: int = 1) -> None:
    alert: dict[str, Any] = {"id": f"{sku}.{number}", "data": {"sku": sku, "on_hand": on_hand}}
    sns_client(sns).publish(
        TopicArn=topic_arn(STOCK_ALERTS),
        Message=json.dumps(alert),
        MessageGroupId=sku,
        # Another one for each test: the topic drops a repeat.
        MessageDeduplicationId=f"{sku}.{number}.{id(alert)}",
    )


async def test_a_low_sku_that_was_told_of_is_no_fault(sns: str) -> None:
    alerts = Alerts(sns)
    publish(sns, "kettle")
    await alerts.complete({"kettle": LOW, "mug": MANY})
    assert alerts.faults({"kettle": LOW, "mug": MANY}) == []
    assert alerts.text() == "alerts of low stock: 1 (kettle)"


async def test_what_came_before_is_forgotten(sns: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alerts_module, "PATIENCE_SECONDS", 0)
    alerts = Alerts(sns)
    publish(sns, "kettle")
    await alerts.forget()
    await alerts.complete({"kettle": LOW})
    assert alerts.faults({"kettle": LOW}) == ["kettle: 3 units are left, and nobody was told"]


async def test_an_alert_of_stock_that_is_not_low_is_a_fault(sns: str) -> None:
    alerts = Alerts(sns)
    publish(sns, "mug", on_hand=11)
    await alerts.complete({})
    assert alerts.faults({}) == ["alert mug.1: 11 units of mug, not low"]


async def test_an_alert_that_comes_twice_is_a_fault(sns: str) -> None:
    alerts = Alerts(sns)
    for _ in range(2):
        publish(sns, "kettle")
    await alerts.complete({})
    assert alerts.faults({}) == ["alert kettle.1 came twice"]


async def test_a_topic_that_does_not_answer_is_an_error() -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        with pytest.raises(DevError, match="does not answer"):
            await Alerts(f"http://127.0.0.1:{nobody.getsockname()[1]}").forget()
