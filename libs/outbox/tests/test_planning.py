"""Whatever happens between the steps of whichever relays: no event is sent before the one that it
follows was accepted, and none is lost.

In the model of the table a query looks at one place after the other, as DynamoDB may do: what is
committed behind its back is not seen, what is committed in front of it is. Hypothesis decides who
goes next, what fails, and when a relay dies.
"""

from collections import defaultdict
from collections.abc import Coroutine, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import coroutine
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from libs.outbox.passes import Outcome, run_pass
from libs.outbox.planning import Accepted, Place
from libs.outbox.table import Waiting, position_of
from libs.outbox.tests.events import chained, event, waiting

SUBJECTS = ("a", "b")
LONGEST = 4
PAGE = 2
POSITIONS = sorted(
    position_of(subject, sequence) for subject in SUBJECTS for sequence in range(1, LONGEST + 1)
)


@coroutine
def moment() -> Generator[None]:
    """Let others go first."""
    yield


@dataclass
class World:
    """The table of one shard, a queue, and what is decided."""

    decisions: Iterator[int]
    """Numbers from 0 to 255; when they are at an end, nothing fails any more."""
    table: dict[str, Waiting] = field(default_factory=dict)
    committed: dict[str, int] = field(default_factory=lambda: dict.fromkeys(SUBJECTS, 0))
    arrived: list[Waiting] = field(default_factory=list)

    def commit(self, subject: str) -> None:
        """Write the subject's next event: its change was made after the one before."""
        self.committed[subject] += 1
        new = waiting(chained(subject, self.committed[subject]))
        self.table[new.key["position"]] = new

    def chance(self) -> bool:
        return next(self.decisions, 255) < 32

    async def read(
        self, starts: Mapping[str, Mapping[str, str] | None]
    ) -> tuple[list[Waiting], dict[str, Mapping[str, str] | None]]:
        ((shard, start),) = starts.items()
        page: list[Waiting] = []
        for position in POSITIONS:
            if start and position <= start["position"]:
                continue
            await moment()
            if position in self.table:
                page.append(self.table[position])
                if len(page) == PAGE:
                    return page, {shard: {"position": position}}
        return page, {}

    async def find(self, places: Sequence[Place]) -> list[Waiting]:
        await moment()
        found = [item for item in self.table.values() if (item.subject, item.sequence) in places]
        await moment()
        return found

    async def remove(self, events: Sequence[Waiting]) -> None:
        for removed in events:
            await moment()
            self.table.pop(removed.key["position"], None)

    async def publish(self, events: Sequence[Waiting]) -> Outcome:
        assert len({sent.subject for sent in events}) == len(events)
        outcome = Outcome()
        for sent in events:
            await moment()
            if self.chance():  # the queue did not get it
                continue
            self.arrived.append(sent)
            await moment()
            if self.chance():  # it did, and its answer was lost
                continue
            outcome.accepted.add(sent.id)
        if self.chance():
            outcome.down = "for a test"
        return outcome

    def in_order(self) -> bool:
        """Tell whether each event came, the first time, after the one that it follows."""
        seen: dict[str, int] = defaultdict(int)
        for sent in self.arrived:
            if sent.sequence > seen[sent.subject] + 1:
                return False
            seen[sent.subject] = max(seen[sent.subject], sent.sequence)
        return True


def start(world: World, accepted: Accepted) -> Coroutine[Any, Any, str | None]:
    return run_pass(world, world, ["0"], accepted=accepted)


def step(running: Coroutine[Any, Any, str | None]) -> bool:
    """Let a pass make its next call; tell whether it goes on."""
    try:
        running.send(None)
    except StopIteration:
        return False
    return True


@settings(max_examples=500, deadline=None)
@given(st.lists(st.integers(0, 255), min_size=60, max_size=200))
def test_order_is_kept_whatever_happens_between_the_steps_of_two_relays(
    decisions: list[int],
) -> None:
    world = World(iter(decisions))
    memories = [Accepted(), Accepted()]
    passes: list[Coroutine[Any, Any, str | None] | None] = [None, None]
    for choice in world.decisions:
        number, kind = choice % 2, choice // 2 % 16
        if kind <= 4:
            subject = SUBJECTS[number]
            if world.committed[subject] < LONGEST:
                world.commit(subject)
        elif kind == 5:
            if killed := passes[number]:
                killed.close()
            passes[number], memories[number] = None, Accepted()
        else:
            for _ in range(kind - 5):
                running = passes[number] or start(world, memories[number])
                passes[number] = running if step(running) else None
        assert world.in_order()
    for running in filter(None, passes):
        running.close()

    # A relay that starts anew, with a queue that works, sends all that is left in one pass.
    running = start(world, Accepted())
    while step(running):
        pass
    assert world.in_order()
    assert not world.table
    for subject in SUBJECTS:
        sequences = {sent.sequence for sent in world.arrived if sent.subject == subject}
        assert sequences == set(range(1, world.committed[subject] + 1))


class _Table:
    """Pages and look-ups that a test writes down, and what is sent."""

    def __init__(self, *pages: Sequence[Waiting], there: Sequence[Waiting] = ()) -> None:
        self._pages = list(pages)
        self._there = there
        self.asked: list[Sequence[Place]] = []
        self.sent: list[list[str]] = []
        self.failing: set[str] = set()

    async def read(
        self, starts: Mapping[str, Mapping[str, str] | None]
    ) -> tuple[list[Waiting], dict[str, Mapping[str, str] | None]]:
        page = list(self._pages.pop(0))
        return page, dict(starts) if self._pages else {}

    async def find(self, places: Sequence[Place]) -> list[Waiting]:
        self.asked.append(places)
        return [item for item in self._there if (item.subject, item.sequence) in places]

    async def remove(self, events: Sequence[Waiting]) -> None:
        pass

    async def publish(self, events: Sequence[Waiting]) -> Outcome:
        ids = [sent.id for sent in events]
        self.sent.append(ids)
        return Outcome(accepted=set(ids) - self.failing)


async def test_an_event_that_the_query_passed_by_goes_before_its_follower() -> None:
    table = _Table([waiting(chained("a", 3))], there=[waiting(chained("a", 2))])
    await run_pass(table, table, ["0"], accepted=Accepted())
    # One look for what 3 follows, one for what that follows, and no more.
    assert table.asked == [[("a", 2)], [("a", 1)]]
    assert table.sent == [["a.2"], ["a.3"]]


async def test_many_events_are_looked_up_in_one_call() -> None:
    followers = [waiting(chained(f"s{number}", 2)) for number in range(5)]
    table = _Table(followers)
    await run_pass(table, table, ["0"], accepted=Accepted())
    assert len(table.asked) == 1
    assert len(table.asked[0]) == 5
    assert table.sent == [[f"s{number}.2" for number in range(5)]]


async def test_what_this_process_published_before_is_not_looked_up() -> None:
    accepted = Accepted()
    first = _Table([waiting(chained("a", 1))])
    await run_pass(first, first, ["0"], accepted=accepted)
    second = _Table([waiting(chained("a", 2))])
    await run_pass(second, second, ["0"], accepted=accepted)
    assert second.asked == []
    assert second.sent == [["a.2"]]


async def test_no_request_holds_two_events_of_a_subject() -> None:
    chain = [waiting(chained("a", sequence)) for sequence in (1, 2, 3)]
    loose = [waiting(event("b", sequence)) for sequence in (10, 20)]
    table = _Table([*chain, *loose])
    await run_pass(table, table, ["0"], accepted=Accepted())
    assert table.sent == [["a.1", "b.10"], ["a.2", "b.20"], ["a.3"]]


async def test_a_subject_that_fails_blocks_itself_on_all_pages_and_no_other() -> None:
    table = _Table(
        [waiting(chained("a", 1)), waiting(chained("b", 1))],
        [waiting(chained("a", 2)), waiting(chained("b", 2))],
    )
    table.failing = {"a.1"}
    await run_pass(table, table, ["0"], accepted=Accepted())
    assert table.sent == [["a.1", "b.1"], ["b.2"]]


async def test_a_blocked_subject_is_not_sent() -> None:
    table = _Table([waiting(chained("a", 1)), waiting(chained("b", 1))])
    await run_pass(table, table, ["0"], accepted=Accepted(), blocked=["a"])
    assert table.sent == [["b.1"]]


def test_memory_of_what_was_accepted_is_bounded() -> None:
    accepted = Accepted(most=2)
    for sequence in (1, 2, 3):
        accepted.add(("a", sequence))
    assert [("a", sequence) in accepted for sequence in (1, 2, 3)] == [False, True, True]
