"""Events and their items: what is refused, and what is on the wire."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from libs.dynamo import PARTITIONS, partition_of
from libs.outbox import Event, OutboxSettings, cloud_event, record
from libs.outbox.event import MAX_BYTES
from libs.outbox.sqs import endpoint_of
from libs.outbox.table import Waiting
from libs.outbox.tests.events import event


def test_the_message_is_a_cloud_event_with_its_place_in_the_subjects_order() -> None:
    happened = event("o-1", 2, follows=1, quantity=3)
    assert cloud_event(happened, traceparent="00-a-b-01") == {
        "specversion": "1.0",
        "id": "o-1.2",
        "source": "/granary/test",
        "type": "granary.test.happened.v1",
        "subject": "o-1",
        "time": "2026-01-01T00:00:00.000+00:00",
        "datacontenttype": "application/json",
        "partitionkey": "o-1",
        "sequence": "00000000000000000002",
        "traceparent": "00-a-b-01",
        "data": {"quantity": 3},
    }
    assert "traceparent" not in cloud_event(happened)


@given(st.text())
def test_a_message_holds_only_characters_that_a_queue_takes(text: str) -> None:
    message = record(event("a", 1, note=text), table="t").item["message"]
    assert isinstance(message, str)
    assert all(" " <= character <= "~" for character in message)
    assert json.loads(message)["data"] == {"note": text}


@given(st.integers(0, 2**63), st.integers(0, 2**63))
def test_positions_sort_like_sequences(one: int, other: int) -> None:
    def position(sequence: int) -> str:
        return str(record(event("a", sequence), table="t").item["position"])

    assert (position(one) < position(other)) == (one < other)


def test_an_item_is_read_back_as_the_event_that_was_recorded() -> None:
    put = record(event("a", 5, follows=3), table="t")
    read = Waiting.from_item(dict(put.item))  # type: ignore[arg-type]
    assert (read.id, read.subject, read.sequence, read.follows) == ("a.5", "a", 5, 3)
    assert read.key == {"shard": put.item["shard"], "position": put.item["position"]}


def test_subjects_are_spread_over_all_shards() -> None:
    assert {partition_of(f"subject-{number}") for number in range(200)} == set(PARTITIONS)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"id": ""}, "event id ''"),
        ({"id": "x" * 129}, "1 to 128 visible ASCII"),
        ({"subject": "two words"}, "event subject 'two words'"),
        ({"subject": "smörgås"}, "visible ASCII"),
        ({"sequence": -1}, "sequence -1 is out of range"),
        ({"sequence": 10**20}, "out of range"),
        ({"follows": 7}, "it follows 7, which is not before 7"),
    ],
)
def test_an_event_that_the_queue_would_refuse_is_never_made(
    change: dict[str, object], message: str
) -> None:
    fields: dict[str, object] = {
        "id": "a.7",
        "type": "t",
        "source": "/s",
        "subject": "a",
        "sequence": 7,
        "follows": None,
        "time": "2026-01-01T00:00:00+00:00",
        "data": {},
    }
    with pytest.raises(ValueError, match=message):
        Event(**(fields | change))  # type: ignore[arg-type]


def test_an_event_larger_than_a_message_is_refused_where_it_is_written() -> None:
    with pytest.raises(ValueError, match=rf"over the {MAX_BYTES} of a message"):
        record(event("a", 1, blob="x" * MAX_BYTES), table="t")


def test_a_queue_that_is_not_fifo_is_refused() -> None:
    with pytest.raises(ValidationError, match=r"ends in \.fifo"):
        OutboxSettings.model_validate({"events_queue_url": "http://127.0.0.1:9324/0/events"})


@pytest.mark.parametrize(
    ("url", "endpoint", "region"),
    [
        (
            "https://sqs.eu-central-1.amazonaws.com/1/a.fifo",
            "https://sqs.eu-central-1.amazonaws.com",
            "eu-central-1",
        ),
        (
            "https://vpce-1-2.sqs.us-gov-west-1.vpce.amazonaws.com/1/a.fifo",
            "https://vpce-1-2.sqs.us-gov-west-1.vpce.amazonaws.com",
            "us-gov-west-1",
        ),
        ("http://127.0.0.1:9324/0/a.fifo", "http://127.0.0.1:9324", "us-east-1"),
    ],
)
def test_the_queues_url_says_who_is_called_and_in_which_region(
    url: str, endpoint: str, region: str
) -> None:
    assert endpoint_of(url) == (endpoint, region)
