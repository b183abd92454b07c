"""The formats of files, and what a file of records looks like in Arrow."""

from collections.abc import Collection, Sequence
from typing import Literal

import pyarrow as pa

from libs.service_kit import ProblemError
from services.data_processor.cleaned import FIELDS, REQUIRED
from services.data_processor.problems import BAD_COLUMNS, UNKNOWN_FORMAT

type Format = Literal["csv", "ndjson", "parquet"]

MEDIA_TYPES: dict[str, Format] = {
    "text/csv": "csv",
    "application/x-ndjson": "ndjson",
    "application/jsonl": "ndjson",
    "application/vnd.apache.parquet": "parquet",
}
MEDIA_TYPE_OF: dict[Format, str] = {
    "csv": "text/csv; charset=utf-8",
    "ndjson": "application/x-ndjson",
    "parquet": "application/vnd.apache.parquet",
}

_MOST_COLUMNS = 64
_SHOWN = 5

RECORDS = pa.schema(
    [
        ("record_id", pa.string()),
        ("source", pa.string()),
        ("sku", pa.string()),
        ("kind", pa.string()),
        ("quantity", pa.float64()),
        ("unit", pa.string()),
        ("price", pa.string()),
        ("currency", pa.string()),
        ("occurred_at", pa.timestamp("us", "UTC")),
    ]
)
GROUPS = pa.schema(
    [
        ("window_start", pa.timestamp("us", "UTC")),
        ("source", pa.string()),
        ("sku", pa.string()),
        ("kind", pa.string()),
        ("unit", pa.string()),
        ("currency", pa.string()),
        ("records", pa.int64()),
        ("quantity", pa.float64()),
        ("minimum", pa.float64()),
        ("maximum", pa.float64()),
        ("amount", pa.string()),
    ]
)


def format_of(content_type: str) -> Format:
    """Return the format that a Content-Type names. Raise ProblemError for an unknown one."""
    media_type, _, parameters = content_type.partition(";")
    known = MEDIA_TYPES.get(media_type.strip().lower())
    if known is None:
        raise ProblemError(
            UNKNOWN_FORMAT, f"send the file with a Content-Type of {', '.join(MEDIA_TYPES)}"
        )
    charset = parameters.lower().replace(" ", "").replace('"', "")
    if charset.startswith("charset=") and charset not in {"charset=utf-8", "charset=us-ascii"}:
        raise ProblemError(UNKNOWN_FORMAT, "text is taken in UTF-8 only; convert the file to it")
    return known


def check_columns(names: Sequence[str]) -> None:
    """Raise ProblemError unless the columns of a table are those of records."""
    if len(names) > _MOST_COLUMNS:
        raise ProblemError(
            BAD_COLUMNS,
            f"the file has {len(names)} columns, and records have at most {len(FIELDS)}",
        )
    wrong = [
        *_named("missing", [name for name in REQUIRED if name not in names]),
        *_named("unknown", [name for name in names if name not in FIELDS]),
        *_named("more than once", sorted({name for name in names if names.count(name) > 1})),
    ]
    if wrong:
        raise ProblemError(BAD_COLUMNS, f"columns of records are {', '.join(FIELDS)}: {wrong[0]}")


def _named(what: str, names: Collection[str]) -> list[str]:
    if not names:
        return []
    shown = ", ".join(ascii(name[:40]) for name in list(names)[:_SHOWN])
    return [f"{what}: {shown}" + (", ..." if len(names) > _SHOWN else "")]
