"""What pandas does otherwise with times; see test_pandas.py."""

import datetime as dt

import pandas as pd
import pytest

from services.tests.migration.versions import TWO, by_version

# The second version says of much that the third will do it otherwise.
pytestmark = pytest.mark.filterwarnings("ignore")


def times(*texts: str, **options: object) -> "pd.Series[pd.Timestamp]":
    return pd.to_datetime(pd.Series(list(texts)), **options)  # type: ignore[call-overload,no-any-return]


@pytest.mark.parametrize("moment", ["2026-11-20T10:00:00", dt.datetime(2026, 11, 20, 10)])  # noqa: DTZ001
def test_times_are_kept_in_microseconds(moment: object) -> None:
    moments = pd.to_datetime(pd.Series([moment]))
    assert by_version(two="datetime64[ns]", three="datetime64[us]") == str(moments.dtype)
    ticks = moments.astype("int64")[0]
    assert by_version(two=1_795_168_800_000_000_000, three=1_795_168_800_000_000) == ticks
    assert 1_795_168_800_000_000 == moments.dt.as_unit("us").astype("int64")[0]


def test_times_reach_beyond_the_year_2262() -> None:
    if TWO:
        with pytest.raises(pd.errors.OutOfBoundsDatetime):
            times("3000-01-01")
    else:
        assert [3000] == times("3000-01-01").dt.year.tolist()


def test_the_first_time_says_how_all_are_written() -> None:
    texts = "2026-11-20T10:00:00", "2026-11-20T10:00:00.5"
    with pytest.raises(ValueError, match="unconverted data remains"):
        times(*texts)
    assert [False, True] == times(*texts, errors="coerce").isna().tolist()
    assert [False, False] == times(*texts, format="ISO8601", errors="coerce").isna().tolist()


def test_times_of_several_kinds_have_to_be_asked_for() -> None:
    texts = "2026-11-20", "20.11.2026"
    mixed = times(*texts, format="mixed", dayfirst=True)
    assert mixed[0].day == mixed[1].day == 20


def test_day_and_month_do_not_change_places_in_a_column() -> None:
    with pytest.raises(ValueError, match="doesn't match format"):
        times("12/01/2026", "13/01/2026")


def test_times_of_several_offsets_are_read_as_utc_or_not_at_all() -> None:
    texts = "2026-11-20T10:00:00+01:00", "2026-11-20T10:00:00+02:00"
    if TWO:
        assert "object" == str(times(*texts).dtype)
    else:
        with pytest.raises(ValueError, match="Pass utc=True"):
            times(*texts)
    assert [9, 8] == times(*texts, utc=True).dt.hour.tolist()


def test_times_that_cannot_be_read_are_not_left_as_texts() -> None:
    if TWO:
        assert ["soon"] == times("soon", errors="ignore").tolist()
    else:
        with pytest.raises(ValueError, match="errors must be one of"):
            times("soon", errors="ignore")


def test_time_zones_are_of_the_standard_library() -> None:
    berlin = pd.Timestamp("2026-01-01", tz="Europe/Berlin").tz
    assert by_version(two="pytz.tzfile", three="zoneinfo") == type(berlin).__module__
    assert dt.UTC == pd.Timestamp("2026-01-01", tz="UTC").tz


@pytest.mark.parametrize("old", ["M", "H"])
def test_frequencies_have_new_letters(old: str) -> None:
    if TWO:
        assert 2 == len(pd.date_range("2026-01-01", periods=2, freq=old))
    else:
        with pytest.raises(ValueError, match="Invalid frequency"):
            pd.date_range("2026-01-01", periods=2, freq=old)
    new = {"M": "ME", "H": "h"}[old]
    assert 2 == len(pd.date_range("2026-01-01", periods=2, freq=new))
