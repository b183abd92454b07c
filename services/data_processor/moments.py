"""Local times, and the windows of time that a moment is in."""

import re
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Literal
from zoneinfo import ZoneInfo

type Size = Literal["hour", "day", "week", "month"]

_LOCAL = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?", re.ASCII)
_MINUTE = timedelta(minutes=1)


def zone(name: str) -> tzinfo:
    """Return the zone of that name."""
    return UTC if name == "UTC" else ZoneInfo(name)


def localised(text: str, local: tzinfo) -> str:
    """Return a local time with its offset, in RFC 3339.

    A text that is no local time, or one that its zone's clocks skipped or showed twice, is returned
    as it came: it then has no offset, which is what is wrong with it.
    """
    if not _LOCAL.fullmatch(text):
        return text
    try:
        naive = datetime.fromisoformat(text.upper())
        moment = naive.replace(tzinfo=local)
        offset = moment.utcoffset()
        if offset is None or offset != moment.replace(fold=1).utcoffset() or offset % _MINUTE:
            return text
        return moment.isoformat()
    except (OverflowError, ValueError):
        return text


def window_start(moment: datetime, size: Size, local: tzinfo) -> datetime:
    """Return the start, in UTC, of the window that a moment in UTC is in.

    Hours are counted from the full hour of local clocks, so the hour that they show twice is two
    windows. A day that begins with skipped time begins where the clocks go on.
    """
    there = moment.astimezone(local)
    if size == "hour":
        into = timedelta(minutes=there.minute, seconds=there.second, microseconds=there.microsecond)
        return moment - into
    date = there.date()
    if size == "week":
        date -= timedelta(days=date.weekday())
    elif size == "month":
        date = date.replace(day=1)
    midnight = datetime(date.year, date.month, date.day, tzinfo=local)
    return midnight.astimezone(UTC)
