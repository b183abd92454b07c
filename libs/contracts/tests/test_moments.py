"""Moments as text."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from libs.contracts.moments import moment

MILLISECONDS = st.integers(0, 4_000_000_000_000)


@given(MILLISECONDS, MILLISECONDS)
def test_text_sorts_as_time_does(first: int, second: int) -> None:
    assert (moment(first / 1000) < moment(second / 1000)) == (first < second)


def test_the_text_is_utc_with_milliseconds() -> None:
    assert moment(0) == "1970-01-01T00:00:00.000+00:00"
    assert datetime.fromisoformat(moment(1.5)) == datetime(1970, 1, 1, 0, 0, 1, 500_000, UTC)
