"""Bring the tables of the collector to a revision; run before the version that needs it.

    python -m services.collector.migrate upgrade [REVISION]    # to the newest, or to that one
    python -m services.collector.migrate downgrade REVISION    # `base` drops everything
    python -m services.collector.migrate current               # prints the database's revision
    python -m services.collector.migrate check                 # fails unless the newest is there

The database is that of the service's settings. It ends with 0, or with 1 and one line on stderr.
"""

import argparse
import asyncio
import sys
from collections.abc import Sequence

from pydantic import ValidationError

from libs.service_kit import StartError
from libs.service_kit.settings import explain
from services.collector.data_folder import make_data_folder
from services.collector.database import Database, open_database
from services.collector.schema import (
    HEAD,
    check_revision,
    migrate_down,
    migrate_up,
    revision_of,
)
from services.collector.settings import Settings
from services.collector.storage_errors import StorageError

STATEMENT_SECONDS = 3_600
"""An index of a large table takes its time."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line says; return the status to exit with."""
    asked = _parser().parse_args(arguments)
    try:
        settings = Settings()
        if settings.is_embedded:
            make_data_folder(settings)
        asyncio.run(_carry_out(asked, settings.storage_url))
    except ValidationError as exc:
        return _refuse(explain(exc))
    except (StartError, StorageError) as exc:
        return _refuse(str(exc))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m services.collector.migrate",
        description="Bring the tables of the collector to a revision.",
    )
    commands = parser.add_subparsers(dest="command", required=True)
    upgrade = commands.add_parser("upgrade", help="run the revisions that the database lacks")
    upgrade.add_argument("revision", nargs="?", default=HEAD, help="default: the newest")
    downgrade = commands.add_parser("downgrade", help="undo revisions, with what they hold")
    downgrade.add_argument("revision", help="the revision to come to; base drops everything")
    commands.add_parser("current", help="print the revision that the database has")
    commands.add_parser("check", help="fail unless the database has the newest revision")
    return parser


async def _carry_out(asked: argparse.Namespace, url: str) -> None:
    async with open_database(url, pool_size=1, statement_seconds=STATEMENT_SECONDS) as database:
        match asked.command:
            case "upgrade":
                await migrate_up(database, asked.revision)
                await _print_revision(database)
            case "downgrade":
                await migrate_down(database, asked.revision)
                await _print_revision(database)
            case "current":
                await _print_revision(database)
            case "check":
                await check_revision(database)
                await _print_revision(database)


async def _print_revision(database: Database) -> None:
    sys.stdout.write(f"{await revision_of(database)}\n")


def _refuse(why: str) -> int:
    sys.stderr.write(f"migrate: {' '.join(why.split())}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
