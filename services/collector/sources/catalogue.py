"""What a database says of a table, and the only place that names from a config are looked up in."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.exc import NoSuchTableError, SAWarning
from sqlalchemy.types import NullType

from services.collector.sources.base import SourceError
from services.collector.triggers import DatabaseConfig

_KEYS = (
    sa.Integer, sa.Numeric, sa.Float, sa.String, sa.Boolean, sa.Date, sa.DateTime, sa.Time,
    sa.Uuid, sa.LargeBinary,
)  # fmt: skip
_ROWID = "rowid"


@dataclass(frozen=True, slots=True)
class Table:
    """A table or view, and what of it is read."""

    source: sa.TableClause
    names: Sequence[str]
    """Of the columns that become fields."""
    key: Sequence[sa.ColumnClause[Any]]
    """What rows come in the order of: the cursor column, then the primary key."""
    unique: bool
    """Whether no two rows have the same key."""
    conditions: Sequence[sa.ColumnElement[bool]]
    """What the config asks of rows."""


def look_up(connection: Connection, config: DatabaseConfig, *, most_columns: int) -> Table:
    """Find a config's table and columns.

    Raises:
        SourceError: they are not there, or not what the config says.
    """
    inspector = sa.inspect(connection)
    try:
        with warnings.catch_warnings():
            # Of types that SQLAlchemy does not know; they are read as the driver gives them.
            warnings.simplefilter("ignore", SAWarning)
            columns = inspector.get_columns(config.table, config.schema_name)
            primary = inspector.get_pk_constraint(config.table, config.schema_name)
    except NoSuchTableError:
        columns = []
    if not columns:
        raise SourceError(
            "unknown-table", f"the database has no table {config.table!r}", permanent=True
        )
    loose = connection.dialect.name == "sqlite"
    types = {
        # SQLite keeps what it is given, whatever the column is declared to be.
        column["name"]: NullType() if loose else column["type"]
        for column in columns
    }
    key_names = list(primary["constrained_columns"])
    own_rowid = any(name.lower() == _ROWID for name in types)
    if loose and not key_names and not own_rowid and _is_table(connection, config):
        key_names, types = [_ROWID], {**types, _ROWID: NullType()}
    names = _wanted(config, [column["name"] for column in columns], most_columns)
    _check_known(config, types)
    source = sa.table(
        config.table,
        *(sa.column(name, kind) for name, kind in types.items()),
        schema=config.schema_name,
    )
    unique = bool(key_names) and (loose or all(_orderly(types[name]) for name in key_names))
    if not unique:
        key_names = []
    if config.cursor_column is not None:
        if not loose and not _orderly(types[config.cursor_column]):
            raise SourceError(
                "bad-cursor-column",
                f"{config.cursor_column!r} has no order that can be gone on from",
                permanent=True,
            )
        key_names = [
            config.cursor_column,
            *(name for name in key_names if name != config.cursor_column),
        ]
    return Table(
        source=source,
        names=names,
        key=[source.c[name] for name in key_names],
        unique=unique,
        conditions=[
            _condition(source.c[name], value, config) for name, value in config.where.items()
        ],
    )


def _is_table(connection: Connection, config: DatabaseConfig) -> bool:
    """Say whether it is a table and no view; one without a primary key then has a rowid."""
    return config.table in sa.inspect(connection).get_table_names(config.schema_name)


def _orderly(kind: sa.types.TypeEngine[Any]) -> bool:
    return isinstance(kind, _KEYS)


def _wanted(config: DatabaseConfig, known: Sequence[str], most: int) -> list[str]:
    names = list(known) if config.columns is None else list(config.columns)
    if len(names) > most:
        raise SourceError(
            "too-large", f"the table has {len(names)} columns, more than {most}", permanent=True
        )
    if len(set(names)) < len(names):
        raise SourceError("unknown-column", "a column is named twice", permanent=True)
    return names


def _check_known(config: DatabaseConfig, known: Mapping[str, object]) -> None:
    named = [*(config.columns or ()), *config.where]
    if config.cursor_column is not None:
        named.append(config.cursor_column)
    for name in named:
        if name not in known:
            raise SourceError(
                "unknown-column", f"{config.table!r} has no column {name!r}", permanent=True
            )


def _condition(
    column: sa.ColumnClause[Any], value: Any, config: DatabaseConfig
) -> sa.ColumnElement[bool]:
    if value is None:
        return column.is_(None)
    try:
        return column == sa.bindparam(None, _as_type(value, column.type), type_=column.type)
    except (ValueError, InvalidOperation):
        raise bad_filter(f"{column.name!r} of {config.table!r} cannot have the wanted value") from (
            None
        )


def bad_filter(reason: str) -> SourceError:
    """Return the refusal of a `where` that the table's types do not fit."""
    return SourceError("bad-filter", reason, permanent=True)


def _as_type(value: Any, kind: sa.types.TypeEngine[Any]) -> Any:
    """Return a JSON value as a column's driver takes it. Raise ValueError when it does not."""
    if isinstance(kind, NullType):
        return value
    try:
        wanted = kind.python_type
    except NotImplementedError:
        return value
    if isinstance(value, str) and wanted in {date, datetime, time}:
        return wanted.fromisoformat(value)
    if isinstance(value, str) and wanted in {Decimal, UUID}:
        return wanted(value)
    if wanted in {Decimal, float} and type(value) in {int, float}:
        return wanted(str(value))
    if type(value) is not wanted:
        raise ValueError(value)
    return value
