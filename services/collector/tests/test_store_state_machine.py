"""Whatever workers, clients and crashes do, jobs are what the model says, to the last record."""

import asyncio
from collections import Counter
from collections.abc import Coroutine, Iterator
from contextlib import AsyncExitStack
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import select, text

from services.collector.database import Database, open_database
from services.collector.job_store import JobStore
from services.collector.jobs import JobState, Record, Reject
from services.collector.leases import Claim, Leases
from services.collector.storage_errors import LeaseLostError, NotReplayableError
from services.collector.tables import jobs as jobs_table
from services.collector.tests.job_model import ATTEMPTS, Model, assert_jobs_are_those_of
from services.collector.tests.stored_jobs import LEASE, ROOM, UNAVAILABLE, let_pass, new_job

STORIES, STEPS = 40, 40
MOST_JOBS = 3
A_WHILE = 1_000.0
EVERYTHING = {*JobState, "claimed", "none due", "doomed", "lost", "stored", "stored again", "won"}

_choices = st.integers(0, 11)
_batches = st.fixed_dictionaries(
    {
        "records": st.lists(
            st.tuples(st.sampled_from("abcdef"), st.sampled_from(['{"v":1}', '{"v":2}'])),
            max_size=4,
        ),
        "rejects": st.integers(0, 2),
        "checkpoint": st.none() | st.fixed_dictionaries({"at": st.integers(0, 3)}),
    }
)
_ends = st.sampled_from(["fail", "die", "cancelled", "release", "retry", "retry later"])


class Stories(RuleBasedStateMachine):
    """A database without jobs, and what the model says of it."""

    runner: ClassVar[asyncio.Runner]
    url: ClassVar[str]
    counts: ClassVar[Counter[str]]
    """What the stories were made of, so that empty ones are seen."""

    claims = Bundle("claims")
    """Also those that are lost: whoever crashed may come back."""

    def __init__(self) -> None:
        super().__init__()
        self.model = Model()
        self.batches = 0
        self.open = AsyncExitStack()
        self.database: Database = self.run(
            self.open.enter_async_context(open_database(self.url, pool_size=4))
        )
        self.store, self.leases = JobStore(self.database), Leases(self.database)
        self.run(self.empty())
        self.counts["stories"] += 1

    def run[T](self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    async def empty(self) -> None:
        async with self.database.writing() as connection:
            for table in ("records", "rejects", "jobs", "watermarks"):
                await connection.execute(text(f"DELETE FROM {table}"))

    def teardown(self) -> None:
        self.run(self.open.aclose())

    @initialize(series=st.sampled_from([None, "sales"]))
    def submit_two(self, series: str | None) -> None:
        self.submit(series)
        self.submit(series)

    @precondition(lambda self: len(self.model.unfinished()) < MOST_JOBS)
    @rule(series=st.sampled_from([None, None, "sales"]))
    def submit(self, series: str | None) -> None:
        job_id = self.run(self.store.submit(new_job(series=series), ROOM)).job.job_id
        self.model.submit(job_id, series)

    @rule(target=claims, choice=_choices, workers=st.integers(1, 3))
    def claim(self, choice: int, workers: int) -> Any:
        """Several workers are told of a job at once; one gets it if it can be had."""
        job_id = self.model.choose(choice)
        found = self.run(self.claim_at_once(job_id, workers))
        job = self.model.jobs[job_id]
        if not self.model.is_claimable(job_id):
            assert [] == found
            self.counts["none due"] += 1
            return multiple()
        if job.is_doomed:
            assert [] == found
            job.doom()
            self.counts["doomed"] += 1
            return multiple()
        (claim,) = found
        self.take(claim)
        return claim

    @rule(target=claims)
    def claim_any(self) -> Any:
        """A worker looks for anything that is due."""
        claim = self.run(self.leases.claim("w", LEASE, max_attempts=ATTEMPTS))
        claimable = [job_id for job_id in self.model.jobs if self.model.is_claimable(job_id)]
        doomed = [job_id for job_id in claimable if self.model.jobs[job_id].is_doomed]
        # Those that it met on its way; it met all when it found nothing.
        for job_id in doomed:
            if claim is None or self.run(self.state_of(job_id)) in ("dead", "cancelled"):
                self.model.jobs[job_id].doom()
        if claim is None:
            # The end of one may have let another of its series go on.
            left = [job_id for job_id in self.model.jobs if self.model.is_claimable(job_id)]
            for job_id in left:
                assert self.model.jobs[job_id].is_doomed
                self.model.jobs[job_id].doom()
            return multiple()
        self.take(claim)
        return claim

    @rule(choice=_choices, batches=st.lists(_batches, max_size=2), how=_ends)
    def work(self, choice: int, batches: list[dict[str, Any]], how: str) -> None:
        claim = self.claim(choice, 1)
        if isinstance(claim, Claim):
            for batch in batches:
                self.store_batch(claim, batch, again=choice % 2 == 0)
            self.give_up(claim, how)

    @rule(choice=_choices, times=st.integers(1, ATTEMPTS), batches=st.lists(_batches, max_size=2))
    def work_and_crash(self, choice: int, times: int, batches: list[dict[str, Any]]) -> None:
        """Workers are cut off, one after the other; the first of them got somewhere."""
        for _ in range(times):
            claim = self.claim(choice, 1)
            if isinstance(claim, Claim):
                for batch in batches:
                    self.store_batch(claim, batch, again=choice % 2 == 0)
            batches = []
            self.let_a_while_pass()

    @rule(claim=claims, batch=_batches, again=st.booleans())
    def store_batch(self, claim: Claim, batch: dict[str, Any], again: bool) -> None:
        self.batches += 1
        arguments = (
            claim,
            [Record(*record) for record in batch["records"]],
            [Reject(f"batch {self.batches}, row {n}", None, "no") for n in range(batch["rejects"])],
            batch["checkpoint"],
        )
        if not self.holds(claim):
            self.loses(self.leases.store(*arguments))
            return
        job = self.model.jobs[claim.job.job_id]
        stored = self.run(self.leases.store(*arguments))
        assert job.store(**batch) == stored.new
        assert job.cancel_requested == stored.cancel_requested
        self.counts["stored"] += 1
        if again:  # the worker got no answer
            assert 0 == self.run(self.leases.store(*arguments)).new
            self.counts["stored again"] += 1

    @rule(claim=claims)
    def renew(self, claim: Claim) -> None:
        if self.holds(claim):
            job = self.model.jobs[claim.job.job_id]
            assert job.cancel_requested == self.run(self.leases.renew(claim, LEASE))
            job.due = False
        else:
            self.loses(self.leases.renew(claim, LEASE))

    @rule(
        claim=consumes(claims),
        watermark=st.none() | st.fixed_dictionaries({"id": st.integers(0, 9)}),
    )
    def succeed(self, claim: Claim, watermark: dict[str, Any] | None) -> None:
        if self.holds(claim):
            self.run(self.leases.succeed(claim, watermark))
            self.model.succeed(claim.job.job_id, watermark)
            self.counts["won"] += 1
        else:
            self.loses(self.leases.succeed(claim, watermark))

    @rule(
        claim=consumes(claims),
        how=_ends,
    )
    def give_up(self, claim: Claim, how: str) -> None:
        writes = {
            "fail": lambda: self.leases.fail(claim, UNAVAILABLE),
            "die": lambda: self.leases.die(claim, UNAVAILABLE),
            "cancelled": lambda: self.leases.cancelled(claim),
            "release": lambda: self.leases.release(claim),
            "retry": lambda: self.leases.retry(claim, UNAVAILABLE, 0),
            "retry later": lambda: self.leases.retry(claim, UNAVAILABLE, LEASE),
        }
        if not self.holds(claim):
            self.loses(writes[how]())
            return
        self.run(writes[how]())
        job = self.model.jobs[claim.job.job_id]
        ends = {"fail": "failed", "die": "dead", "cancelled": "cancelled"}
        if how in ends:
            job.end(JobState(ends[how]))
        elif how == "release":
            job.release()
        else:
            job.give_back(due=how == "retry")

    @precondition(lambda self: len(self.model.unfinished()) == MOST_JOBS)
    @rule(choice=_choices)
    def cancel(self, choice: int) -> None:
        job_id = self.model.choose(choice)
        self.run(self.store.cancel(job_id, None))
        self.model.jobs[job_id].cancel()

    @rule(choice=_choices)
    def replay(self, choice: int) -> None:
        job_id = self.model.choose_replayable(choice)
        job = self.model.jobs[job_id]
        if job.is_replayable:
            self.run(self.store.replay(job_id, None, ROOM))
            job.replay()
        else:
            with pytest.raises(NotReplayableError):
                self.run(self.store.replay(job_id, None, ROOM))

    @rule()
    def let_a_while_pass(self) -> None:
        """Leases run out, and whatever waits is due."""
        self.run(let_pass(self.database, A_WHILE))
        self.model.let_pass()

    @invariant()
    def jobs_are_what_the_model_says(self) -> None:
        self.run(assert_jobs_are_those_of(self.model, self.database))
        self.counts.update(job.state for job in self.model.jobs.values())

    async def claim_at_once(self, job_id: str, workers: int) -> list[Claim]:
        found = await asyncio.gather(
            *(
                self.leases.claim(f"w{n}", LEASE, job_id, max_attempts=ATTEMPTS)
                for n in range(workers)
            )
        )
        return [claim for claim in found if claim is not None]

    async def state_of(self, job_id: str) -> str | None:
        async with self.database.reading() as connection:
            state: str | None = await connection.scalar(
                select(jobs_table.c.state).where(jobs_table.c.job_id == job_id)
            )
            return state

    def take(self, claim: Claim) -> None:
        """Have the model take what was claimed, which must go on where the job is."""
        job_id = claim.job.job_id
        job = self.model.jobs[job_id]
        assert self.model.is_claimable(job_id)
        assert not job.is_doomed
        assert (job.checkpoint, self.model.watermark(job_id)) == (claim.checkpoint, claim.watermark)
        job.take(claim.token)
        self.counts["claimed"] += 1

    def holds(self, claim: Claim) -> bool:
        return self.model.jobs[claim.job.job_id].holder == claim.token

    def loses(self, write: Coroutine[Any, Any, object]) -> None:
        with pytest.raises(LeaseLostError):
            self.run(write)
        self.counts["lost"] += 1


@pytest.fixture
def stories(database_url: str) -> Iterator[type[Stories]]:
    with asyncio.Runner() as runner:
        Stories.runner, Stories.url, Stories.counts = runner, database_url, Counter()
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
    assert stories.counts.keys() >= EVERYTHING
