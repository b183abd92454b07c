"""What was asked of a database, and how it finds the answer."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine, event

from services.collector.database import Database

type Statement = tuple[str, Any]


@contextmanager
def recorded() -> Iterator[list[Statement]]:
    """Yield the list of statements that are executed while the context lasts."""
    statements: list[Statement] = []

    def record(
        connection: Any, cursor: Any, statement: str, parameters: Any, context: Any, many: bool
    ) -> None:
        if not many:
            statements.append((statement, parameters))

    event.listen(Engine, "before_cursor_execute", record)
    try:
        yield statements
    finally:
        event.remove(Engine, "before_cursor_execute", record)


async def plan_of(database: Database, statement: Statement) -> str:
    """Return the plan of a statement for whatever its parameters are, in the database's words."""
    sql, parameters = statement
    async with database.writing() as connection:
        if database.is_postgresql:
            await connection.exec_driver_sql("SET LOCAL plan_cache_mode = force_generic_plan")
            await connection.exec_driver_sql(f"PREPARE explained AS {sql}")
            values = f"({', '.join(['NULL'] * len(parameters))})" if parameters else ""
            rows = await connection.exec_driver_sql(f"EXPLAIN EXECUTE explained {values}")
            plan = [list(row) for row in rows]
            await connection.exec_driver_sql("DEALLOCATE explained")
        else:
            rows = await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", parameters)
            plan = [list(row) for row in rows]
        return "\n".join(str(row[-1]) for row in plan)
