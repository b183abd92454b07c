"""Order ids sort by time and can be told from other text."""

import time
import uuid

from hypothesis import given
from hypothesis import strategies as st

from services.order_api.identifiers import is_order_id, new_order_id


def test_ids_are_uuids_of_version_7_that_sort_by_time() -> None:
    first = new_order_id()
    time.sleep(0.002)
    second = new_order_id()
    assert first < second
    assert uuid.UUID(first).version == 7
    assert uuid.UUID(first).variant == uuid.RFC_4122
    milliseconds = uuid.UUID(first).int >> 80
    assert abs(milliseconds - time.time() * 1000) < 10_000


def test_ids_are_recognised() -> None:
    assert all(is_order_id(new_order_id()) for _ in range(100))


@given(st.text() | st.uuids(version=4).map(str))
def test_other_text_is_not(text: str) -> None:
    assert not is_order_id(text)
