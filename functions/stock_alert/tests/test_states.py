"""The table of states: a state is written only in place of the one that was read."""

from __future__ import annotations

from dataclasses import replace

import boto3
import pytest
from botocore.exceptions import ClientError

from functions.stock_alert.decisions import Alert, State
from functions.stock_alert.states import StateChangedError, States
from functions.stock_alert.tests.deployment import Deployment
from functions.stock_alert.tests.stream import MOMENT

ALERT = Alert(
    id="kettle.low.1",
    sku="kettle",
    on_hand=5,
    threshold=10,
    recovered_threshold=20,
    version=7,
    time=MOMENT,
)
STATE = State(sku="kettle", version=7, low=True, removed_at=int("9" * 40), pending=(ALERT, ALERT))


@pytest.fixture
def states(deployment: Deployment) -> States:
    table = deployment.environment["STOCK_ALERTS_TABLE"]
    return States(boto3.client("dynamodb"), table=table)


def test_a_state_is_read_as_it_was_written(states: States) -> None:
    assert states.read("kettle") is None
    states.write(STATE, instead_of=None)
    assert states.read("kettle") == STATE


def test_a_first_state_does_not_replace_one_that_another_wrote(states: States) -> None:
    states.write(STATE, instead_of=None)
    with pytest.raises(StateChangedError, match="kettle"):
        states.write(replace(STATE, version=8), instead_of=None)
    assert states.read("kettle") == STATE


@pytest.mark.parametrize("written", [replace(STATE, version=8), replace(STATE, removed_at=1)])
def test_a_state_does_not_replace_one_that_was_not_read(states: States, written: State) -> None:
    states.write(written, instead_of=None)
    with pytest.raises(StateChangedError):
        states.write(replace(STATE, version=9), instead_of=STATE)
    assert states.read("kettle") == written


def test_a_state_replaces_the_one_that_was_read(states: States) -> None:
    states.write(STATE, instead_of=None)
    states.write(replace(STATE, version=8), instead_of=STATE)
    assert states.read("kettle") == replace(STATE, version=8)


def test_another_refusal_of_the_table_is_passed_on(deployment: Deployment) -> None:
    with pytest.raises(ClientError, match="ResourceNotFound"):
        States(boto3.client("dynamodb"), table="no-such-table").write(STATE, instead_of=None)
