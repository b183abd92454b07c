"""Events for tests, as services write them and as the relay reads them."""

from libs.outbox import Event, record
from libs.outbox.table import Waiting


def event(subject: str, sequence: int, *, follows: int | None = None, **data: object) -> Event:
    """Return an event of a subject."""
    return Event(
        id=f"{subject}.{sequence}",
        type="granary.test.happened.v1",
        source="/granary/test",
        subject=subject,
        sequence=sequence,
        follows=follows,
        time="2026-01-01T00:00:00.000+00:00",
        data=data,
    )


def chained(subject: str, sequence: int) -> Event:
    """Return the event of a chain that begins with 1, each following the one before."""
    return event(subject, sequence, follows=sequence - 1 or None)


def waiting(happened: Event) -> Waiting:
    """Return the event as it is read from the outbox."""
    return Waiting.from_item(dict(record(happened, table="unused").item))  # type: ignore[arg-type]
