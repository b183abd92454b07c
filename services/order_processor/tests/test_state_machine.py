"""Any story of stock and reservations goes as the model says, several requests at once included.

Requests that run at once may take effect in any order, but in one: some order of the model must
explain every answer, what is stored afterwards, and what was told.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import AsyncExitStack
from http import HTTPStatus
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from libs.dynamo import Update
from services.order_processor.expiry import expire_reservations
from services.order_processor.tests import stock_model as model
from services.order_processor.tests.conftest import Deployment, new_service
from services.order_processor.tests.stock_observation import Seen, answer_of, look, outcome_of
from services.order_processor.tests.stock_operations import (
    ORDERS,
    Expire,
    Operation,
    Put,
    ReadReservation,
    ReadStock,
    Release,
    Request,
    Reserve,
    Sell,
    any_operation,
    of_one_order,
    puts,
    reads,
    reserves,
    stocked,
)

STORIES, STEPS = 16, 30
LONG_AGO = "2001-01-01T00:00:00.000+00:00"
BUSY_TRIES = 50
EVERY_OUTCOME = {
    "HELD",
    "RELEASED",
    "SOLD",
    "insufficient-stock",
    "reservation-mismatch",
    "reservation-not-found",
    "reservation-released",
    "reservation-sold",
    "sku-not-found",
    "stock-changed",
    "unknown-sku",
}


class Stories(RuleBasedStateMachine):
    """One service with tables of its own, and what the model says of it."""

    runner: ClassVar[asyncio.Runner]
    endpoint: ClassVar[str]
    counts: ClassVar[Counter[str]]
    """What the stories were made of, so that empty ones are seen."""

    def __init__(self) -> None:
        super().__init__()
        self.state = model.State()
        self.seen = Seen()
        self.overdue: frozenset[str] = frozenset()
        self.open = AsyncExitStack()
        self.deployment: Deployment = self.run(
            self.open.enter_async_context(new_service(self.endpoint))
        )
        self.counts["stories"] += 1

    def run[T](self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    def teardown(self) -> None:
        self.run(self.open.aclose())

    @initialize(stocked=stocked)
    def stock_some(self, stocked: dict[str, int]) -> None:
        self.do([Put(sku, units, None) for sku, units in sorted(stocked.items())])

    @rule(put=puts)
    def put_stock(self, put: Put) -> None:
        self.do([put])

    @rule(reserve=reserves)
    def reserve(self, reserve: Reserve) -> None:
        self.do([reserve])

    @precondition(lambda self: self.state.decisions)
    @rule(data=st.data(), end=st.sampled_from([Release, Sell]))
    def end_what_was_decided(self, data: st.DataObject, end: type[Release | Sell]) -> None:
        self.do([end(data.draw(st.sampled_from(sorted(self.state.decisions))))])

    @rule(read=reads)
    def read(self, read: ReadStock | ReadReservation) -> None:
        self.do([read])

    @precondition(lambda self: self.held())
    @rule(data=st.data())
    def let_the_time_of_some_pass(self, data: st.DataObject) -> None:
        passing = data.draw(st.sets(st.sampled_from(self.held()), min_size=1))
        self.overdue |= passing
        self.run(self.make_overdue(passing))

    @precondition(lambda self: self.held())
    @rule(
        data=st.data(), late=st.booleans(), several=st.lists(of_one_order, min_size=1, max_size=3)
    )
    def end_what_is_held(
        self, data: st.DataObject, late: bool, several: list[Callable[[str], Operation | Expire]]
    ) -> None:
        order_id = data.draw(st.sampled_from(self.held()))
        if late:
            self.overdue |= {order_id}
            self.run(self.make_overdue({order_id}))
        self.counts["at once"] += len(several) > 1
        self.do([of_the(order_id) for of_the in several])

    @precondition(lambda self: self.due())
    @rule()
    def expire(self) -> None:
        self.do([Expire()])

    @rule(operations=st.lists(any_operation, min_size=2, max_size=3))
    def do_at_once(self, operations: list[Operation | Expire]) -> None:
        self.counts["at once"] += 1
        self.do(operations)

    @invariant()
    def stock_is_what_the_model_says(self) -> None:
        assert self.state.levels == self.seen.levels

    @invariant()
    def no_level_is_negative(self) -> None:
        for level in self.seen.levels.values():
            assert min(level.on_hand, level.reserved, level.sold) >= 0

    @invariant()
    def every_unit_that_was_set_is_somewhere(self) -> None:
        there = {
            sku: level.on_hand + level.reserved + level.sold
            for sku, level in self.seen.levels.items()
        }
        assert self.state.units == there

    @invariant()
    def what_is_held_is_reserved(self) -> None:
        for sku, level in self.seen.levels.items():
            held = [
                dict(decision.lines).get(sku, 0)
                for decision in self.seen.decisions.values()
                if decision.status == "HELD"
            ]
            assert sum(held) == level.reserved

    @invariant()
    def each_order_is_where_the_model_says(self) -> None:
        assert self.state.decisions == self.seen.decisions

    @invariant()
    def the_outbox_tells_the_story(self) -> None:
        assert self.state.events == self.seen.events
        for subject, told in self.seen.places.items():
            sequences = [sequence for _, sequence in told]
            assert len(set(told)) == len(told)
            assert sorted(sequences) == sequences
            if subject in ORDERS:
                expected = [(f"{subject}.r{n}", n) for n in range(1, len(told) + 1)]
                assert expected == list(told)

    def held(self) -> list[str]:
        """Return the orders that hold stock and whose time is not over."""
        return sorted(
            order_id
            for order_id, decision in self.state.decisions.items()
            if decision.status == "HELD" and order_id not in self.overdue
        )

    def due(self) -> list[str]:
        """Return the orders that a look for expired reservations must release."""
        return sorted(
            order_id for order_id in self.overdue if self.state.decisions[order_id].status == "HELD"
        )

    def do(self, operations: Sequence[Operation | Expire]) -> None:
        """Do all at once, and have the model find how that could go."""
        self.counts["operations"] += len(operations)
        running: list[tuple[list[model.Atom], model.Answer]] = []
        for operation, answer in zip(operations, self.run(self.ask_all(operations)), strict=True):
            self.counts[outcome_of(answer)] += 1
            if isinstance(operation, Expire):
                running += [([model.expire(order_id)], None) for order_id in self.due()]
            else:
                running.append((operation.atoms(self.state), answer))
        self.seen = self.run(look(self.deployment.dynamo, self.deployment.names))
        outcomes = list(model.serial_outcomes(self.state, running))
        answers = [answer for _, answer in running]
        assert outcomes, f"no order of {operations} explains {answers} after {self.state}"
        matching = [state for state in outcomes if self.seen.is_that_of(state)]
        # What does not match is for the invariants to say.
        self.state = (matching or outcomes)[0]

    async def ask_all(self, operations: Sequence[Operation | Expire]) -> list[model.Answer]:
        return await asyncio.gather(
            *(
                self.look_for_expired()
                if isinstance(operation, Expire)
                else self.ask(operation.request(self.state))
                for operation in operations
            )
        )

    async def ask(self, request: Request) -> model.Answer:
        """Ask until the service is not too busy, which says that nothing was done."""
        method, path, body, headers = request
        for _ in range(BUSY_TRIES):
            response = await self.deployment.client.request(
                method, path, json=body, headers=headers
            )
            if response.status_code != HTTPStatus.SERVICE_UNAVAILABLE:
                return answer_of(response)
        raise AssertionError(f"{method} {path} stays busy: {response.text}")

    async def look_for_expired(self) -> None:
        await expire_reservations(self.deployment.app.state.reservations)

    async def make_overdue(self, passing: set[str]) -> None:
        for order_id in passing:
            await self.deployment.dynamo.update(
                Update(
                    table=self.deployment.names["reservations"],
                    key={"order_id": order_id},
                    update="SET expires_at = :long_ago",
                    condition="attribute_exists(order_id)",
                    values={":long_ago": LONG_AGO},
                )
            )


@pytest.fixture
def stories(dynamodb: str) -> Iterator[type[Stories]]:
    with asyncio.Runner() as runner:
        Stories.runner, Stories.endpoint = runner, dynamodb
        Stories.counts = Counter()
        yield Stories


def test_every_story_goes_as_the_model_says(
    stories: type[Stories], capsys: pytest.CaptureFixture[str]
) -> None:
    run_state_machine_as_test(
        stories,
        settings=settings(
            max_examples=STORIES,
            stateful_step_count=STEPS,
            deadline=None,
            derandomize=True,
            database=None,
            print_blob=False,
            # Shrinking may take five minutes, and the target's time would end before it told.
            phases=[Phase.generate],
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
        ),
    )
    with capsys.disabled():
        print(f"\n{stories.counts['stories']} stories: {dict(stories.counts)}")
    assert stories.counts["stories"] >= STORIES
    assert stories.counts["operations"] >= STORIES * STEPS / 2
    assert stories.counts["at once"] >= STORIES
    assert stories.counts.keys() >= EVERY_OUTCOME
