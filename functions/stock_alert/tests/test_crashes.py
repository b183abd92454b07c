"""Wherever the function ends, each crossing is told, and under one id."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from typing import Any

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError

from functions.stock_alert import publishing
from functions.stock_alert.tests.deployment import Deployment
from functions.stock_alert.tests.memory import CrashError
from functions.stock_alert.tests.stream import alert_id, record, sequence_number

# get state, write state, idempotency begun, publish, idempotency done, write state
CALLS = 6
LOW = record("kettle", 5, number=1)
DONE: dict[str, Any] = {"batchItemFailures": []}


class Switch:
    """Makes one call of AWS fail, by its number from 1 on, before it is sent or after its answer.

    It sits in botocore's events, so that the function runs as it is.
    """

    def __init__(self, deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
        self.calls: list[str] = []
        self._fault: tuple[int, str, BaseException] | None = None
        self.session = boto3.Session()
        for when in ("before", "after"):
            self.session.events.register(
                f"{when}-call", lambda *, model, when=when, **_: self._at(when, model.name)
            )
        monkeypatch.setattr(boto3, "DEFAULT_SESSION", self.session)
        deployment.restart()

    def set(self, number: int, when: str, error: BaseException) -> None:
        """Fail at that call."""
        self.calls.clear()
        self._fault = (number, when, error)

    def off(self) -> None:
        """Fail nowhere."""
        self.calls.clear()
        self._fault = None

    def _at(self, when: str, operation: str) -> None:
        if when == "before":
            self.calls.append(operation)
        if self._fault and self._fault[:2] == (len(self.calls), when):
            raise self._fault[2]


@pytest.fixture
def switch(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> Switch:
    # A crashed attempt counts as dead at once, not after ten seconds.
    monkeypatch.setattr(publishing, "ATTEMPT_MILLISECONDS", -1_000)
    return Switch(deployment, monkeypatch)


def test_an_alert_takes_these_calls(deployment: Deployment, switch: Switch) -> None:
    switch.off()
    assert deployment.handle(LOW) == DONE
    assert switch.calls == ["GetItem", "PutItem", "PutItem", "Publish", "UpdateItem", "PutItem"]
    assert CALLS == len(switch.calls)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("number", range(1, CALLS + 1))
def test_a_crash_at_any_call_is_made_up_for_by_the_retry(
    deployment: Deployment, switch: Switch, number: int, when: str
) -> None:
    switch.set(number, when, CrashError())
    with pytest.raises(CrashError):
        deployment.handle(LOW)
    switch.off()
    assert deployment.handle(LOW) == DONE
    assert [alert_id("kettle", 1)] == deployment.published()
    assert deployment.handle(LOW) == DONE
    assert [] == deployment.published()


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("number", range(1, CALLS + 1))
def test_an_error_at_any_call_is_reported_and_made_up_for_by_the_retry(
    deployment: Deployment, switch: Switch, number: int, when: str
) -> None:
    switch.set(number, when, EndpointConnectionError(endpoint_url="switched on"))
    other = record("cup", 5, number=2)
    assert deployment.handle(LOW, other) == {
        "batchItemFailures": [{"itemIdentifier": sequence_number(1)}]
    }
    switch.off()
    assert deployment.handle(LOW, other) == DONE
    assert {alert_id("kettle", 1), alert_id("cup", 2)} == set(deployment.published())
    assert deployment.handle(LOW, other) == DONE
    assert [] == deployment.published()


def test_an_alert_that_was_published_before_a_crash_is_not_published_after_snss_memory_ends(
    deployment: Deployment, switch: Switch
) -> None:
    """The local topic forgets an id as soon as it is taken; Powertools' record remembers."""
    switch.set(CALLS, "before", CrashError())
    with pytest.raises(CrashError):
        deployment.handle(LOW)
    assert [alert_id("kettle", 1)] == deployment.published()
    switch.off()
    assert deployment.handle(LOW) == DONE
    assert [] == deployment.published()
    assert "Publish" not in switch.calls


def test_a_slow_attempt_that_completes_last_changes_nothing(
    deployment: Deployment, switch: Switch
) -> None:
    """The record of completion has no fence: an attempt that counts as dead may still write it.

    What it writes is what the newer attempt wrote, and the event is the same one.
    """
    sent: list[str] = []

    def overtake(*, model: Any, **_: Any) -> None:
        if model.name == "Publish" and not sent:
            sent.append("first")
            assert deployment.handle(LOW) == DONE

    switch.session.events.register("before-call.sns", overtake)
    switch.off()
    assert deployment.handle(LOW) == DONE
    assert [alert_id("kettle", 1)] == deployment.published()
    state = deployment.state("kettle")
    assert state
    assert (state.low, state.pending) == (True, ())


@pytest.mark.parametrize(("number", "when"), [(2, "after"), (4, "before"), (4, "after")])
def test_a_killed_process_is_made_up_for_by_the_retry(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch, number: int, when: str
) -> None:
    monkeypatch.setattr(publishing, "ATTEMPT_MILLISECONDS", 0)
    killed = subprocess.run(
        [sys.executable, "-m", "functions.stock_alert.tests.dying", str(number), when],
        check=False,
        capture_output=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        input=json.dumps({"Records": [LOW]}),
        text=True,
    )
    assert -signal.SIGKILL == killed.returncode, killed.stderr
    answer = deployment.handle(LOW)
    if number == CALLS - 2:
        # An attempt may still be under way, as far as can be known.
        assert answer["batchItemFailures"]
        _forget_attempt(deployment)
        answer = deployment.handle(LOW)
    assert answer == DONE
    assert [alert_id("kettle", 1)] == deployment.published()


def _forget_attempt(deployment: Deployment) -> None:
    """Let ten seconds pass for the record of the attempt under way."""
    dynamodb = boto3.client("dynamodb")
    table = deployment.environment["IDEMPOTENCY_TABLE"]
    (item,) = dynamodb.scan(TableName=table)["Items"]
    assert item["status"] == {"S": "INPROGRESS"}
    dynamodb.update_item(
        TableName=table,
        Key={"id": item["id"]},
        UpdateExpression="SET in_progress_expiration = :past",
        ExpressionAttributeValues={":past": {"N": "1"}},
    )
