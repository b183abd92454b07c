"""The tables can be brought to every revision and back, with what is in them."""

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, func, inspect, select, text

from services.collector.database import Database, open_database
from services.collector.job_store import JobStore, Limits, NewJob
from services.collector.jobs import Record, Reject
from services.collector.leases import Leases
from services.collector.migrate import main
from services.collector.results import Results
from services.collector.schema import (
    BASE,
    check_revision,
    migrate_down,
    migrate_up,
    newest_revision,
    revision_of,
)
from services.collector.storage_errors import SchemaError, StorageUnavailableError
from services.collector.tables import jobs, metadata
from services.collector.tests.conftest import drop_postgres_database, new_postgres_database
from tools.postgres_local.server import PostgresLocal

ROOM = Limits(active_per_client=10, per_minute_per_client=10, queued=10)


@pytest_asyncio.fixture(params=["sqlite", "postgresql"])
async def empty_url(
    request: pytest.FixtureRequest, postgres: PostgresLocal, tmp_path: Path
) -> AsyncIterator[str]:
    """URL of a database without tables."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.db'}"
        return
    url = await new_postgres_database(postgres)
    yield url
    await drop_postgres_database(postgres, url)


@pytest_asyncio.fixture
async def empty(empty_url: str) -> AsyncIterator[Database]:
    """A database without tables."""
    async with open_database(empty_url) as database:
        yield database


async def table_names(database: Database) -> set[str]:
    async with database.reading() as connection:
        return set(await connection.run_sync(lambda sync: inspect(sync).get_table_names()))


async def differences(database: Database) -> list[object]:
    def compare(connection: Connection) -> list[object]:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True}
        )
        return list(compare_metadata(context, metadata))

    async with database.reading() as connection:
        return await connection.run_sync(compare)


async def test_the_revisions_make_the_tables_that_the_code_uses(empty: Database) -> None:
    await migrate_up(empty)
    assert [] == await differences(empty)


async def test_a_column_that_no_revision_makes_would_be_seen(empty: Database) -> None:
    await migrate_up(empty, "0001")
    assert 3 <= len(await differences(empty))


async def test_data_survives_the_way_down_to_the_first_revision_and_up_again(
    empty: Database,
) -> None:
    await migrate_up(empty)
    store, leases, results = JobStore(empty), Leases(empty), Results(empty)
    job_id = (await store.submit(NewJob("shop", "file", {"path": "a"}), ROOM)).job.job_id
    claim = await leases.claim("worker", 60, max_attempts=3)
    assert claim is not None
    await leases.store(claim, [Record("r1", '{"a":1}')], [Reject("line 2", "a", "no")], {"line": 2})

    await migrate_down(empty, "0001")
    assert "0001" == await revision_of(empty)
    assert {"alembic_version", "jobs", "records", "rejects"} == await table_names(empty)
    await migrate_up(empty)

    assert newest_revision() == await revision_of(empty)
    assert [(1, Record("r1", '{"a":1}'))] == await results.records(job_id, 0, 10)
    assert [Reject("line 2", "a", "no")] == await results.rejects(job_id, 10)
    await leases.succeed(claim)
    done = await store.get(job_id, "shop")
    assert done is not None
    assert ("succeeded", 1, 1) == (done.state, done.stored, done.rejected)


async def test_the_version_before_works_with_the_newest_tables(empty: Database) -> None:
    await migrate_up(empty, "0001")
    async with empty.reading() as connection:
        columns = await connection.run_sync(lambda sync: inspect(sync).get_columns("jobs"))
    await migrate_up(empty)
    old = {column["name"] for column in columns}
    # Whoever knows nothing of the columns since then can still insert.
    since = [column for column in jobs.columns if column.name not in old]
    assert ["series"] == [column.name for column in since]
    assert all(column.nullable for column in since)


async def test_going_down_to_the_base_leaves_nothing_and_can_be_undone(empty: Database) -> None:
    await migrate_up(empty)
    await migrate_down(empty, BASE)
    assert BASE == await revision_of(empty)
    assert {"alembic_version"} == await table_names(empty)
    await migrate_up(empty)
    assert [] == await differences(empty)


async def test_a_database_that_is_older_is_refused_with_both_revisions(empty: Database) -> None:
    with pytest.raises(SchemaError, match="at revision base and this version needs 0002"):
        await check_revision(empty)
    await migrate_up(empty, "0001")
    with pytest.raises(SchemaError, match="at revision 0001 and this version needs 0002"):
        await check_revision(empty)
    await migrate_up(empty)
    await check_revision(empty)


async def test_a_database_that_is_newer_is_accepted_and_left_as_it_is(empty: Database) -> None:
    await migrate_up(empty)
    async with empty.writing() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = '0003'"))
    await check_revision(empty)
    await migrate_up(empty)
    assert "0003" == await revision_of(empty)
    with pytest.raises(SchemaError, match="0003"):
        await migrate_down(empty, "0001")


async def test_a_revision_that_fails_leaves_the_tables_as_they_were(empty: Database) -> None:
    async with empty.writing() as connection:
        # In the way of the second revision.
        await connection.execute(text("CREATE TABLE watermarks (something INTEGER)"))
    with pytest.raises(Exception, match="watermarks"):
        await migrate_up(empty)
    assert {"watermarks"} == await table_names(empty)
    assert BASE == await revision_of(empty)


async def test_several_that_upgrade_at_once_wait_for_each_other(empty_url: str) -> None:
    async def upgrade() -> None:
        async with open_database(empty_url) as database:
            await migrate_up(database)

    await asyncio.gather(*(upgrade() for _ in range(4)))
    async with open_database(empty_url) as database:
        assert [] == await differences(database)


async def test_an_upgrade_does_not_wait_long_for_a_table_that_is_in_use(
    postgres: PostgresLocal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.collector.schema._SECONDS_FOR_A_LOCK", 1)
    url = await new_postgres_database(postgres)
    async with open_database(url) as database:
        await migrate_up(database, "0001")
        async with database.writing() as busy:
            await busy.execute(select(func.count()).select_from(text("jobs")))
            with pytest.raises(StorageUnavailableError, match="lock timeout"):
                await migrate_up(database)
        await migrate_up(database)
    await drop_postgres_database(postgres, url)


@pytest.fixture
def of_the_command(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Settings of an embedded database that nobody has made."""
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "not yet there"))


@pytest.mark.usefixtures("of_the_command")
class TestCommand:
    """`python -m services.collector.migrate`, which has a loop of its own."""

    async def test_goes_up_and_down_and_says_where_it_is(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        said = []
        for command in ("current", "upgrade", "check", "downgrade 0001", "upgrade 0002", "current"):
            assert 0 == await asyncio.to_thread(main, command.split())
            said.append(capsys.readouterr().out.strip())
        assert ["base", "0002", "0002", "0001", "0002", "0002"] == said

    @pytest.mark.parametrize(
        ("command", "why"),
        [
            ("check", "migrate: the database is at revision base and this version needs 0002"),
            ("upgrade 0009", "migrate: Can't locate revision identified by '0009'"),
            ("downgrade 0009", "migrate: Can't locate revision identified by '0009'"),
        ],
    )
    async def test_refuses_in_one_line(
        self, command: str, why: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert 1 == await asyncio.to_thread(main, command.split())
        said = capsys.readouterr().err
        assert said.startswith(why)
        assert 1 == said.count("\n")

    async def test_says_in_one_line_that_the_database_does_not_answer(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setenv("DATABASE_URL", "postgresql://user:hunter2hunter2@127.0.0.1:9/none")
        assert 1 == await asyncio.to_thread(main, ["current"])
        said = capsys.readouterr().err
        assert said.startswith("migrate: the database does not answer:")
        assert 1 == said.count("\n")
        assert "hunter2" not in said

    async def test_names_a_setting_that_is_wrong(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setenv("DATABASE_URL", "mysql://user:hunter2hunter2@127.0.0.1/none")
        assert 1 == await asyncio.to_thread(main, ["current"])
        said = capsys.readouterr().err
        assert "DATABASE_URL" in said
        assert "hunter2" not in said

    async def test_runs_as_a_program(self, postgres_url: str) -> None:
        program = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "services.collector.migrate", "check"),
            env={"DATABASE_URL": postgres_url, "PYTHONPATH": ":".join(sys.path)},
            stdout=asyncio.subprocess.PIPE,
        )
        said, _ = await program.communicate()
        assert (0, b"0002\n") == (program.returncode, said)
