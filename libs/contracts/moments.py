"""Moments as the tables and events hold them: text of one width, so that it sorts by time."""

from datetime import UTC, datetime


def moment(unix_seconds: float) -> str:
    """Return a moment as ISO 8601 (RFC 3339) text: UTC, milliseconds."""
    return datetime.fromtimestamp(unix_seconds, UTC).isoformat(timespec="milliseconds")
