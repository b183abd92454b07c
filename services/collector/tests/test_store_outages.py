"""A database that does not answer is said to be just that, and is used again once it answers."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import closing, contextmanager

import pytest
import pytest_asyncio
from sqlalchemy import make_url, select, text
from sqlalchemy.exc import DBAPIError

from services.collector import database as module
from services.collector.database import Database, open_database
from services.collector.job_store import JobStore
from services.collector.jobs import JobState, Record, Reject
from services.collector.leases import Leases
from services.collector.results import Results
from services.collector.storage_errors import StorageUnavailableError
from services.collector.tests.stored_jobs import (
    LEASE,
    ROOM,
    claimed,
    job_of,
    new_job,
    submitted,
)
from tools.postgres_local.server import PostgresLocal

CONNECTIONS = 5


@pytest_asyncio.fixture
async def pool(postgres_url: str) -> AsyncIterator[Database]:
    """PostgreSQL, with as many open connections as there may be."""
    async with open_database(postgres_url, pool_size=CONNECTIONS) as opened:
        await asyncio.gather(*(sleep(opened, 0.1) for _ in range(CONNECTIONS)))
        yield opened


async def sleep(database: Database, seconds: float) -> None:
    async with database.reading() as connection:
        await connection.execute(text(f"SELECT pg_sleep({seconds})"))


@contextmanager
def killed(postgres: PostgresLocal) -> Iterator[None]:
    """Have the server crash, and start it again at the end."""
    postgres.kill()
    try:
        yield
    finally:
        postgres.restart()


async def test_every_call_says_that_the_database_is_away_and_works_when_it_is_back(
    pool: Database, postgres: PostgresLocal
) -> None:
    store, leases, results = JobStore(pool), Leases(pool), Results(pool)
    job_id = (await submitted(pool)).job_id
    claim = await claimed(pool)
    calls: list[Callable[[], Awaitable[object]]] = [
        lambda: store.submit(new_job(), ROOM),
        lambda: store.get(job_id, None),
        lambda: store.jobs(client=None, limit=1),
        lambda: store.counts(),
        lambda: store.prune(1_000, 1),
        lambda: leases.claim("w", LEASE, job_id, max_attempts=3),
        lambda: leases.renew(claim, LEASE),
        lambda: leases.store(claim, [Record("r", "{}")], [], {"at": 1}),
        lambda: results.records(job_id, 0, 1),
        lambda: anext(results.lines(job_id)),
        lambda: pool.probe(),
    ]
    with killed(postgres):
        for call in calls:
            with pytest.raises(StorageUnavailableError):
                await call()
    for call in calls:  # each at the first try
        await call()


async def test_connections_that_the_server_ended_are_not_used(
    pool: Database, postgres: PostgresLocal
) -> None:
    await asyncio.to_thread(postgres.restart)
    await asyncio.gather(*(sleep(pool, 0.1) for _ in range(CONNECTIONS)))


async def test_a_crash_in_mid_transaction_leaves_nothing_of_it(
    pool: Database, postgres: PostgresLocal
) -> None:
    job = await submitted(pool)
    with pytest.raises(StorageUnavailableError):
        async with pool.writing() as connection:
            await connection.execute(text("UPDATE jobs SET attempts = 7"))
            postgres.kill()  # so that the commit finds nobody
    postgres.restart()
    assert job == await job_of(pool, job.job_id)


async def test_calls_under_way_in_a_crash_end_at_once(
    pool: Database, postgres: PostgresLocal
) -> None:
    calls = [asyncio.create_task(sleep(pool, 60)) for _ in range(CONNECTIONS)]
    await asyncio.sleep(0.3)
    with killed(postgres):
        outcomes = await asyncio.wait_for(asyncio.gather(*calls, return_exceptions=True), 10)
    assert [StorageUnavailableError] * CONNECTIONS == [type(outcome) for outcome in outcomes]
    await pool.probe()


async def test_a_job_under_way_in_a_crash_is_exact_afterwards(
    pool: Database, postgres: PostgresLocal
) -> None:
    job_id = (await submitted(pool)).job_id
    claim, leases = await claimed(pool), Leases(pool)
    crashes = 0

    async def crash() -> None:
        nonlocal crashes
        for _ in range(3):
            await asyncio.sleep(0.3)
            await asyncio.to_thread(postgres.kill)
            await asyncio.sleep(0.1)
            await asyncio.to_thread(postgres.restart)
            crashes += 1

    crashing = asyncio.create_task(crash())
    batch = 0
    while not crashing.done() or batch < 50:
        records = [Record(f"{batch}-{n}", "{}") for n in range(20)]
        rejects = [Reject(f"batch {batch}", None, "it is empty")]
        try:
            await leases.store(claim, records, rejects, {"batch": batch})
        except StorageUnavailableError:
            await asyncio.sleep(0.02)
        else:
            batch += 1
    await crashing
    await leases.succeed(claim)
    job = await job_of(pool, job_id)
    assert 3 == crashes
    assert (JobState.SUCCEEDED, batch * 20, batch) == (job.state, job.stored, job.rejected)
    assert batch * 20 == len(await Results(pool).records(job_id, 0, batch * 40))


async def test_a_statement_that_takes_too_long_is_given_up(postgres_url: str) -> None:
    async with open_database(postgres_url, pool_size=1, statement_seconds=0.3) as database:
        with pytest.raises(StorageUnavailableError, match="does not answer"):
            await sleep(database, 30)
        await database.probe()


async def test_a_call_that_is_cancelled_leaves_the_connection_usable(postgres_url: str) -> None:
    async with open_database(postgres_url, pool_size=1) as database:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(sleep(database, 30), 0.2)
        await database.probe()


async def test_a_server_that_takes_connections_and_says_nothing_is_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "CONNECT_SECONDS", 0.3)
    connected: list[asyncio.StreamWriter] = []
    silent = await asyncio.start_server(lambda _, writer: connected.append(writer), "127.0.0.1", 0)
    port = silent.sockets[0].getsockname()[1]
    async with open_database(f"postgresql://someone@127.0.0.1:{port}/collector") as database:
        with pytest.raises(StorageUnavailableError):
            await database.probe()
    for writer in connected:
        writer.close()
    silent.close()


@pytest.mark.parametrize(
    ("state", "says"),
    [
        ("57P03", "the database system is starting up"),
        ("53300", "sorry, too many clients already"),
        ("28P01", "password authentication failed"),
    ],
)
async def test_a_server_that_lets_nobody_in_is_unavailable(state: str, says: str) -> None:
    def refuse(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        fields = "".join(f"{field}\0" for field in ("SFATAL", f"C{state}", f"M{says}"))
        message = f"{fields}\0".encode()
        writer.write(b"E" + (len(message) + 4).to_bytes(4, "big") + message)
        writer.close()

    server = await asyncio.start_server(refuse, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    url = f"postgresql://someone@127.0.0.1:{port}/collector?ssl=disable"
    async with server, open_database(url) as database:
        with pytest.raises(StorageUnavailableError, match=says):
            await database.probe()


async def test_a_transaction_whose_process_went_away_does_not_hold_its_locks(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "IDLE_SECONDS", 0.5)
    async with open_database(postgres_url) as silent, open_database(postgres_url) as database:
        with pytest.raises(StorageUnavailableError):
            async with silent.writing() as connection:
                await connection.execute(text("LOCK TABLE jobs IN EXCLUSIVE MODE"))
                await submitted(database)  # waits for the server to notice
                await connection.execute(select(1))
        assert 1 == len(await JobStore(database).jobs(client=None, limit=10))


async def test_a_pool_that_is_used_up_is_said_to_be(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LOCK_SECONDS", 0.2)
    async with open_database(postgres_url, pool_size=1) as database:
        async with database.reading():
            with pytest.raises(StorageUnavailableError, match="every connection"):
                await database.probe()
        await database.probe()


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"port": 9}, "refused|Connect call failed"),
        ({"host": "no-such-host.invalid"}, "not known|resolution|No address"),
        ({"database": "no_such_database"}, "no_such_database"),
        ({"username": "nobody_here"}, "nobody_here"),
    ],
)
async def test_a_database_that_cannot_be_reached_is_unavailable(
    postgres_url: str, changed: dict[str, str], why: str
) -> None:
    url = make_url(postgres_url).set(password="hunter2hunter2", **changed)  # type: ignore[arg-type]
    async with open_database(url.render_as_string(hide_password=False)) as database:
        with pytest.raises(StorageUnavailableError, match=why) as caught:
            await database.probe()
    assert "hunter2" not in str(caught.value)


async def test_a_bad_question_is_not_taken_for_an_outage(database: Database) -> None:
    with pytest.raises(DBAPIError, match="no_such_column"):
        async with database.reading() as connection:
            await connection.execute(text("SELECT no_such_column FROM jobs"))
    await database.probe()


async def test_what_is_bound_is_in_no_message(database: Database) -> None:
    with pytest.raises(DBAPIError) as caught:
        async with database.writing() as connection:
            await connection.execute(
                text("INSERT INTO records (job_id, record_id) VALUES ('a', :secret)"),
                {"secret": "hunter2hunter2"},
            )
    assert "hunter2" not in str(caught.value).split("DETAIL")[0]


async def test_an_exception_of_the_callers_undoes_and_passes(database: Database) -> None:
    job = await submitted(database)
    with pytest.raises(KeyError, match="mine"):
        async with database.writing() as connection:
            await connection.execute(text("UPDATE jobs SET attempts = 7"))
            raise KeyError("mine")
    assert job == await job_of(database, job.job_id)


async def test_another_process_that_writes_to_sqlite_is_waited_for_but_not_for_ever(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LOCK_SECONDS", 0.3)
    path = make_url(sqlite_url).database
    assert path is not None
    async with open_database(sqlite_url) as database:
        await submitted(database)
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(StorageUnavailableError, match="locked"):
                await submitted(database)
            assert 1 == len(await JobStore(database).jobs(client=None, limit=10))
            other.execute("COMMIT")
        await submitted(database)


async def test_a_sqlite_file_that_cannot_be_made_is_unavailable() -> None:
    async with open_database("sqlite:////no/such/folder/collector.db") as database:
        with pytest.raises(StorageUnavailableError, match="unable to open"):
            await database.probe()


async def test_another_kind_of_database_is_refused() -> None:
    with pytest.raises(ValueError, match="mysql is not supported"):
        async with open_database("mysql://localhost/collector"):
            pass


async def test_sqlite_keeps_what_is_committed_and_the_rules_of_the_tables(
    sqlite_url: str,
) -> None:
    async with open_database(sqlite_url) as database, database.reading() as connection:
        settings = {
            name: (await connection.execute(text(f"PRAGMA {name}"))).scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }
        assert 1 == await connection.scalar(select(1))
    assert {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1} == settings
