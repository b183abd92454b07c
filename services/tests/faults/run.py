"""One run: clients against both services, while both are killed and all that they call misbehaves.

Then the faults end, the services settle what is left, and the checkers judge. A run is seeded: the
same seed makes the same choices, though not the same interleavings.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from random import Random
from urllib.parse import urlsplit

from libs.dynamo import Dynamo
from libs.dynamo.testing import CREDENTIALS, fresh_tables
from services.order_api.tables import TABLES as ORDER_TABLES
from services.order_processor.tables import TABLES as PROCESSOR_TABLES
from services.tests.faults.chaos import Instance, kill_at_random, started
from services.tests.faults.checkers import Delivery, Facts, violations
from services.tests.faults.clients import Crowd, Recorder, new_session
from services.tests.faults.consumer import Consumer, consuming
from services.tests.faults.fault_proxy import (
    Fault,
    FaultPlan,
    FaultProxy,
    Refusal,
    dynamodb_refusal,
    http_refusal,
    proxied,
)
from services.tests.faults.final_state import FinalState, read_state
from services.tests.faults.history import History
from services.tests.faults.outcome import SKUS, Options, Result

_QUIET_SECONDS = 90
_POLL_SECONDS = 0.5
_LEAST_KILLS = 3
_SLOWEST = 10
"""How much longer than planned a run on a slow machine may take."""

_DYNAMODB_FAULTS = {
    Fault.DELAY: 0.04,
    Fault.CONFLICT: 0.03,
    Fault.THROTTLE: 0.01,
    Fault.ERROR: 0.005,
    Fault.REFUSE: 0.005,
    Fault.LOSE: 0.01,
    Fault.LATE: 0.005,
}
_HTTP_FAULTS = {
    Fault.DELAY: 0.03,
    Fault.ERROR: 0.01,
    Fault.REFUSE: 0.01,
    Fault.LOSE: 0.02,
    Fault.LATE: 0.01,
}
# Batches are few, so that each must have a good chance.
_QUEUE_FAULTS = dict.fromkeys(_HTTP_FAULTS, 0.08)
_SETTINGS = {
    "LOG_LEVEL": "warning",
    "REQUEST_TIMEOUT_SECONDS": "6",
    "PROCESSOR_TIMEOUT_SECONDS": "3",
    "IDEMPOTENCY_LEASE_SECONDS": "7",
    "RECONCILE_SECONDS": "2",
    "RELAY_POLL_SECONDS": "1",
    "RELAY_LEASE_SECONDS": "2",
    "DYNAMODB_TIMEOUT_SECONDS": "2",
}


@dataclass
class _Faults:
    """The proxies of a run, switched together."""

    stack: AsyncExitStack
    seed: int
    plans: dict[str, FaultPlan] = field(default_factory=dict)

    async def before(
        self, name: str, url: str, chances: Mapping[Fault, float], refusal: Refusal
    ) -> FaultProxy:
        """Stand before a server."""
        address = urlsplit(url)
        plan = FaultPlan(chances, Random(f"{self.seed}-{name}"))
        self.plans[name] = plan
        proxy = proxied(str(address.hostname), address.port or 80, plan, refusal)
        return await self.stack.enter_async_context(proxy)

    def switch(self, *, on: bool) -> None:
        """Let all proxies inject their faults, or none."""
        for plan in self.plans.values():
            plan.enabled = on


async def run(options: Options, *, dynamodb: str, queue_url: str | None) -> Result:
    """Make one run against DynamoDB Local at `dynamodb`, with tables of its own.

    Without a queue the events stay in the outboxes and are read from there.
    """
    async with AsyncExitStack() as stack:
        dynamo, names = await stack.enter_async_context(
            fresh_tables(dynamodb, ORDER_TABLES | PROCESSOR_TABLES)
        )
        faults = _Faults(stack, options.seed)
        apis, processor = await _instances(options, faults, names, dynamodb, queue_url)
        consumer = await stack.enter_async_context(consuming(queue_url)) if queue_url else None
        session = await stack.enter_async_context(new_session())
        history = History()
        crowd = Crowd(
            Recorder(session, history),
            order_apis=[api.url for api in apis],
            order_processor=processor.url,
            skus=SKUS,
            seed=options.seed,
        )
        async with started([*apis, processor]):
            await crowd.stock_up(options.initial_units)
            faults.switch(on=True)
            instances = [*apis, processor]
            faults_begin = time.monotonic()
            async with _killing(instances, options, lambda: len(crowd.accepted) + crowd.rejected):
                until = _enough(options, crowd, faults, instances)
                await crowd.shop(options.clients, until)
            faults.switch(on=False)
            faults_end = time.monotonic()
            published = queue_url is not None
            await _quiet_state(dynamo, names, options, published=published)
            seconds_to_quiet = time.monotonic() - faults_end
            await crowd.look_back()
            state = await _quiet_state(dynamo, names, options, published=published)
            facts = await _facts(options, history, state, consumer)
    return Result(
        options=options,
        facts=facts,
        violations=violations(facts),
        kills={"order_api": sum(api.kills for api in apis), "order_processor": processor.kills},
        injected={name: plan.injected for name, plan in faults.plans.items()},
        retries=crowd.retries,
        seconds_of_faults=faults_end - faults_begin,
        seconds_to_quiet=seconds_to_quiet,
        log=[line for instance in (*apis, processor) for line in instance.log],
    )


async def _instances(
    options: Options,
    faults: _Faults,
    names: Mapping[str, str],
    dynamodb: str,
    queue_url: str | None,
) -> tuple[list[Instance], Instance]:
    """Return two instances of order_api and one of order_processor, wired through proxies."""
    database = await faults.before("DynamoDB", dynamodb, _DYNAMODB_FAULTS, dynamodb_refusal)
    environment = {
        **CREDENTIALS,
        **_SETTINGS,
        **{f"{name.upper()}_TABLE": table for name, table in names.items()},
        "DYNAMODB_ENDPOINT": database.url,
        "RESERVATION_LIFETIME_SECONDS": str(options.hold_seconds),
    }
    if queue_url:
        queue = await faults.before("the queue", queue_url, _QUEUE_FAULTS, http_refusal)
        environment["EVENTS_QUEUE_URL"] = queue.url + urlsplit(queue_url).path
    processor = Instance(options.order_processor, environment)
    proxy = await faults.before("order_processor", processor.url, _HTTP_FAULTS, http_refusal)
    # On a busy machine work that no one waits for any more would crowd out all other.
    environment |= {"ORDER_PROCESSOR_URL": proxy.url, "MAX_CONCURRENT_REQUESTS": "16"}
    return [Instance(options.order_api, environment) for _ in range(2)], processor


def _enough(
    options: Options, crowd: Crowd, faults: _Faults, instances: Sequence[Instance]
) -> Callable[[], bool]:
    """Return what says whether so much happened, for so long, that the run shows something."""
    begin = time.monotonic()

    def enough() -> bool:
        age = time.monotonic() - begin
        if age < options.seconds or age > options.seconds * _SLOWEST:
            return age > options.seconds
        return (
            len(crowd.accepted) >= options.least_accepted
            and len(crowd.accepted) + crowd.rejected >= options.least_asked
            and sum(instance.kills for instance in instances) >= _LEAST_KILLS
            and all(
                plan.injected[fault] > 0 for plan in faults.plans.values() for fault in plan.chances
            )
        )

    return enough


@asynccontextmanager
async def _killing(
    instances: Sequence[Instance], options: Options, work_done: Callable[[], int]
) -> AsyncIterator[None]:
    """Kill instances while the context lasts; at its end all run."""
    dice = Random(f"{options.seed}-kills")
    task = asyncio.create_task(kill_at_random(instances, dice, work_done))
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def _quiet_state(
    dynamo: Dynamo, names: Mapping[str, str], options: Options, *, published: bool
) -> FinalState:
    """Return the tables once nothing changes any more; after a while as they are, to be judged."""
    end = time.monotonic() + _QUIET_SECONDS + (options.hold_seconds if options.holds_end else 0)
    while True:
        state = await read_state(dynamo, names)
        settled = state.is_settled(holds_end=options.holds_end)
        if (settled and not (published and state.unpublished)) or time.monotonic() > end:
            return state
        await asyncio.sleep(_POLL_SECONDS)


async def _facts(
    options: Options, history: History, state: FinalState, consumer: Consumer | None
) -> Facts:
    deliveries: list[Delivery] = state.unpublished
    if consumer:
        await asyncio.wait_for(consumer.drain(), _QUIET_SECONDS)
        deliveries = consumer.deliveries
    return Facts(
        history=history,
        stock=state.stock,
        orders=state.orders,
        reservations=state.reservations,
        claims=state.claims,
        deliveries=deliveries,
        hold_seconds=options.hold_seconds,
    )
