"""The revision of the collector's tables: what the database has, and what this version needs.

A revision only adds, and what no version uses any more is removed by a later one (expand and
contract). So a version works with its own revision and with newer ones, and revisions are run
before the version that needs them.
"""

import io
from collections.abc import Callable
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, func, select, text

from services.collector.database import Database
from services.collector.storage_errors import SchemaError

HEAD = "head"
BASE = "base"
"""What the revision of a database without tables is called."""

_FOLDER = Path(__file__).parent / "migrations"
_LOCK = 0x6D696772617465  # any number but that of `job_store.py`
_SECONDS_FOR_A_LOCK = 10


def newest_revision() -> str:
    """Return the revision that this version needs."""
    head = ScriptDirectory(str(_FOLDER)).get_current_head()
    assert head is not None, f"{_FOLDER} has no revisions"  # noqa: S101 - they come with this file
    return head


async def revision_of(database: Database) -> str:
    """Return the revision of a database."""
    async with database.reading() as connection:
        return await connection.run_sync(_revision)


async def check_revision(database: Database) -> None:
    """Raise SchemaError when the database is older than what this version needs."""
    found, needed = await revision_of(database), newest_revision()
    if not found.isdigit() or found < needed:
        raise SchemaError(
            f"the database is at revision {found} and this version needs {needed}: "
            "run `python -m services.collector.migrate upgrade`"
        )


async def migrate_up(database: Database, revision: str = HEAD) -> None:
    """Run the revisions up to `revision` that the database lacks; all of them or none.

    Several at once wait for each other. A database that is newer than this version stays as it is.

    Raises:
        SchemaError: there is no such revision.
        StorageUnavailableError: the tables are in use, or the database does not answer.
    """

    def upgrade(config: Config, found: str) -> None:
        is_newer = found.isdigit() and found > newest_revision()
        if not (is_newer and revision == HEAD):
            command.upgrade(config, revision)

    await _run(database, upgrade)


async def migrate_down(database: Database, revision: str) -> None:
    """Undo revisions until the database is at `revision`, with the data that only they have.

    Raises as `migrate_up` does.
    """
    await _run(database, lambda config, _: command.downgrade(config, revision))


async def _run(database: Database, work: Callable[[Config, str], None]) -> None:
    """Do work with Alembic, which is given the revision that the database has."""

    def locked(connection: Connection) -> None:
        # The transaction ends with it, and what it did is undone, if anything fails.
        config = Config(stdout=io.StringIO())
        config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
        config.set_main_option("path_separator", "os")
        config.attributes["connection"] = connection
        try:
            work(config, _revision(connection))
        except CommandError as exc:
            raise SchemaError(str(exc)) from exc

    async with database.writing() as connection:
        if database.is_postgresql:
            await connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))
            # Whoever waits for a table has everybody else wait behind it.
            await connection.execute(text(f"SET LOCAL lock_timeout = '{_SECONDS_FOR_A_LOCK}s'"))
        await connection.run_sync(locked)


def _revision(connection: Connection) -> str:
    return MigrationContext.configure(connection).get_current_revision() or BASE
