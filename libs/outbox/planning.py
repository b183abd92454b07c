"""What may be published next: the order of each subject's events, kept without any input or output.

The rule, from which everything here follows: an event is handed to the queue only after the queue
has accepted the one that it follows. That has happened when this process saw the queue accept it,
or when a consistent read that began after the event was seen finds the earlier one gone: it was in
the table before (its change was made first), and only what was published is removed. A query alone
is no proof, because it reads the table over a time: it may pass the place of the earlier event
before that one is written, and find the later one after that.

The rule needs no lease and no clock. Two relays at once, or one that slept, send events again, but
never one before another that it follows.
"""

import heapq
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from libs.outbox.table import Waiting

type Place = tuple[str, int]
"""A subject and a sequence: one event."""

_REMEMBERED = 10_000


class Accepted:
    """Events that the queue has accepted lately, so that their followers need no read."""

    def __init__(self, most: int = _REMEMBERED) -> None:
        self._most = most
        self._places: dict[Place, None] = {}

    def add(self, place: Place) -> None:
        """Remember an event, and forget the oldest when there are too many."""
        self._places[place] = None
        if len(self._places) > self._most:
            del self._places[next(iter(self._places))]

    def __contains__(self, place: Place) -> bool:
        """Tell whether the event is remembered."""
        return place in self._places


@dataclass(slots=True)
class _Subject:
    queue: list[tuple[int, Waiting]] = field(default_factory=list)
    """By sequence, a heap."""
    known: set[int] = field(default_factory=set)
    """Sequences that are or were in the queue."""


class Plan:
    """What one pass over the outbox has seen, and what follows from it."""

    def __init__(self, accepted: Accepted, *, blocked: Iterable[str] = ()) -> None:
        self._accepted = accepted
        self._blocked = set(blocked)
        self._published: set[Place] = set()
        self._subjects: dict[str, _Subject] = {}
        # Subjects whose first event may be ready, so that no step looks at all of them.
        self._open: set[str] = set()

    def see(self, events: Iterable[Waiting]) -> None:
        """Take events that were read, in any order; one that was seen before changes nothing."""
        for event in events:
            subject = self._subjects.setdefault(event.subject, _Subject())
            if event.sequence in subject.known:
                continue
            subject.known.add(event.sequence)
            heapq.heappush(subject.queue, (event.sequence, event))
            self._open.add(event.subject)

    def unsure(self) -> list[Place]:
        """Return the events that must be looked up before their followers can be published."""
        places = []
        for first in self._firsts():
            before = _before(first)
            if before and not self._is_published(before):
                places.append(before)
        return places

    def looked_up(self, places: Iterable[Place], found: Iterable[Waiting]) -> None:
        """Take the answer of a consistent read that began after `unsure`: what there is goes first,
        what is gone was published."""
        found = list(found)
        self._published.update(set(places) - {(event.subject, event.sequence) for event in found})
        self.see(found)

    def ready(self) -> list[Waiting]:
        """Return what can be published now: the next event of each subject, at most one each.

        One each, because of a batch the queue may accept a later message and not an earlier one.
        """
        return [
            first
            for first in self._firsts()
            if not (before := _before(first)) or self._is_published(before)
        ]

    def settle(self, tried: Sequence[Waiting], accepted: set[str]) -> list[Waiting]:
        """Take what became of events that were ready, by the ids that the queue accepted.

        Return the accepted ones. What failed blocks its subject, and no other, for this pass.
        """
        done = []
        for event in tried:
            if event.id in accepted:
                heapq.heappop(self._subjects[event.subject].queue)
                self._published.add((event.subject, event.sequence))
                self._accepted.add((event.subject, event.sequence))
                done.append(event)
            else:
                self._blocked.add(event.subject)
        return done

    def forget(self) -> None:
        """Drop what is published and removed: a backlog may be larger than the memory."""
        self._subjects = {
            name: subject for name, subject in self._subjects.items() if subject.queue
        }
        self._open &= self._subjects.keys()
        self._published.clear()

    def waiting(self) -> list[Waiting]:
        """Return what was seen and is not published."""
        return [event for subject in self._subjects.values() for _, event in subject.queue]

    def _firsts(self) -> list[Waiting]:
        """Return the first event of each subject that has one and is not blocked."""
        self._open = {
            name for name in self._open if name not in self._blocked and self._subjects[name].queue
        }
        # Sorted, so that the same events make the same requests.
        return [self._subjects[name].queue[0][1] for name in sorted(self._open)]

    def _is_published(self, place: Place) -> bool:
        return place in self._published or place in self._accepted


def _before(event: Waiting) -> Place | None:
    return None if event.follows is None else (event.subject, event.follows)
