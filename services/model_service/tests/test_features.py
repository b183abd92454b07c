"""Features: what they are of, and that they know nothing of the future."""

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.model_service.features import FEATURES, MAX_HORIZON_DAYS, features_ahead

UNITS = st.lists(st.integers(0, 1_000_000), min_size=56, max_size=90)
DAYS = st.dates(date(1990, 1, 1), date(2090, 1, 1))
NONE = np.zeros(200, dtype=np.bool_)


def test_they_are_these() -> None:
    units = np.arange(1.0, 57.0)
    monday = date(2026, 3, 2)
    rows = features_ahead(units, NONE[:56], next_day=monday, planned=np.array([False, True]))
    assert rows.tolist() == [
        [53.0, 42.5, 28.5, 39.5, 0.0, 1.0, 0.0],
        [53.0, 42.5, 28.5, 40.5, 1.0, 2.0, 1.0],
    ]


def test_means_leave_promotions_out_unless_there_is_nothing_else() -> None:
    units = np.full(56, 10.0)
    promoted = np.zeros(56, dtype=np.bool_)
    units[-3:], promoted[-3:] = 90, True
    rows = features_ahead(units, promoted, next_day=date(2026, 3, 2), planned=NONE[:7])
    assert rows[:, :4].tolist() == [[10, 10, 10, 10]] * 7
    promoted[-7:] = True
    rows = features_ahead(units, promoted, next_day=date(2026, 3, 2), planned=NONE[:7])
    assert rows[0, :3].tolist() == [pytest.approx(310 / 7), 10, 10]


@given(units=UNITS, day=DAYS, horizon=st.integers(1, MAX_HORIZON_DAYS))
def test_they_keep_within_the_schema(units: list[int], day: date, horizon: int) -> None:
    history = np.array(units, dtype=np.float64)
    rows = features_ahead(history, NONE[: len(units)], next_day=day, planned=NONE[:horizon])
    assert rows.shape == (horizon, len(FEATURES))
    for column, feature in zip(rows.T, FEATURES, strict=True):
        assert feature.minimum <= column.min() <= column.max() <= feature.maximum
        assert not feature.whole or (column == column.round()).all()


@given(units=UNITS, day=DAYS, ahead=st.integers(0, 27))
def test_the_weekday_is_that_of_the_days_whose_mean_is_taken(
    units: list[int], day: date, ahead: int
) -> None:
    history = np.array(units, dtype=np.float64)
    rows = features_ahead(history, NONE[: len(units)], next_day=day, planned=NONE[:28])
    wanted = (day + timedelta(ahead)).weekday()
    same = [units[-back] for back in range(1, 29) if (day - timedelta(back)).weekday() == wanted]
    assert rows[ahead, 4] == wanted
    assert rows[ahead, 3] == pytest.approx(sum(same) / 4, rel=1e-6)


@given(units=UNITS, older=st.lists(st.integers(0, 1_000_000), max_size=30), day=DAYS)
def test_what_is_older_than_eight_weeks_does_not_matter(
    units: list[int], older: list[int], day: date
) -> None:
    short = np.array(units[-56:], dtype=np.float64)
    long = np.array(older + units[-56:], dtype=np.float64)
    assert np.array_equal(
        features_ahead(short, NONE[:56], next_day=day, planned=NONE[:9]),
        features_ahead(long, NONE[: len(long)], next_day=day, planned=NONE[:9]),
    )
