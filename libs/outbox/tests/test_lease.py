"""The lease: one holder at a time, whoever dies, and no clocks compared."""

from dataclasses import dataclass

import pytest

from libs.dynamo import Put
from libs.outbox.lease import KEY, Lease, LeaseLostError
from libs.outbox.tests.conftest import Outbox


@dataclass
class Clock:
    """A process's own clock."""

    now: float
    step: float = 0.001
    """How much time passes from one look to the next, whatever happens in between."""

    def __call__(self) -> float:
        """Return the time."""
        self.now += self.step
        return self.now


class Process:
    """A process with a lease and a clock that no other shares."""

    def __init__(self, outbox: Outbox, start: float, seconds: float = 10) -> None:
        self.clock = Clock(start)
        self.lease = Lease(outbox.dynamo, table=outbox.table, seconds=seconds, clock=self.clock)


async def test_one_process_has_the_lease(outbox: Outbox) -> None:
    first, second = Process(outbox, 100), Process(outbox, 5_000)
    end = await first.lease.take()
    assert end == pytest.approx(110, abs=0.1)
    assert await second.lease.take() is None


async def test_the_lease_begins_before_the_request_for_it(outbox: Outbox) -> None:
    """A holder that counted from the answer would believe in it longer than others do."""
    process = Process(outbox, 100)
    process.clock.step = 3
    assert await process.lease.take() == 103 + 10
    assert await process.lease.renew() == 106 + 10


async def test_a_dead_holders_lease_is_taken_after_its_length_by_the_others_own_clock(
    outbox: Outbox,
) -> None:
    first, second = Process(outbox, 100, seconds=10), Process(outbox, 5_000, seconds=3)
    await first.lease.take()
    assert await second.lease.take() is None
    second.clock.now += 9.9
    assert await second.lease.take() is None
    second.clock.now += 0.1
    end = await second.lease.take()
    assert end == pytest.approx(5_013, abs=0.1)
    with pytest.raises(LeaseLostError):
        await first.lease.renew()


async def test_a_renewed_lease_is_not_taken(outbox: Outbox) -> None:
    first, second = Process(outbox, 100), Process(outbox, 5_000)
    await first.lease.take()
    for _ in range(4):
        assert await second.lease.take() is None
        second.clock.now += 6
        await first.lease.renew()
    assert await second.lease.take() is None


async def test_of_two_that_wait_one_gets_it(outbox: Outbox) -> None:
    first = Process(outbox, 100)
    await first.lease.take()
    others = [Process(outbox, 1_000), Process(outbox, 2_000)]
    for other in others:
        assert await other.lease.take() is None
        other.clock.now += 11
    assert await others[0].lease.take() is not None
    assert await others[1].lease.take() is None


async def test_a_lease_given_back_is_free_at_once(outbox: Outbox) -> None:
    first, second = Process(outbox, 100), Process(outbox, 5_000)
    await first.lease.take()
    await first.lease.give_back()
    assert await second.lease.take() is not None
    # What is another's is not given away.
    await first.lease.give_back()
    await second.lease.renew()


async def test_a_lease_that_was_had_without_knowing_is_used(outbox: Outbox) -> None:
    """The write was done, and its answer was lost."""
    process = Process(outbox, 100)
    await process.lease.take()
    process.clock.now += 1
    assert await process.lease.take() == pytest.approx(111, abs=0.1)


async def test_the_lease_is_no_event(outbox: Outbox) -> None:
    await Process(outbox, 100).lease.take()
    assert await outbox.waiting() == []
    item = await outbox.dynamo.get(outbox.table, KEY)
    assert item is not None
    # An item of another form is replaced by nobody.
    await outbox.dynamo.put(Put(table=outbox.table, item=item | {"holder": "other"}))
    assert await Process(outbox, 100).lease.take() is None
