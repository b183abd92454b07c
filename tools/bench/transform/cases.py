"""What both services are asked to clean, and whether they cleaned it alike."""

import io
import json
from decimal import Decimal
from typing import Any

import pandas as pd

from tools.bench.beside.bench import PLAIN, PLATFORM, Answered, AnswerError, Bench, Case, Side, post
from tools.bench.orders.serving import plain_service, platform_service

_PIPELINE = [
    {"operation": "convert_currency", "to": "EUR", "rates": {"USD": "0.92", "GBP": "1.17"}},
    {"operation": "deduplicate"},
]
_COUNTS = (1, 100, 1_000, 10_000)
_UNITS = ("kg", "lb", "each", "dozen", "g")
_CURRENCIES = ("USD", "EUR", "GBP")
_SHOWN = 300
_MICRO = 1.000001e-6
"""How far two quantities of six decimals may be apart, which were rounded from either side."""


def bench(megabytes: int = 20) -> Bench:
    """Return the bench; its file has about that many megabytes."""
    file = _csv(megabytes)
    return Bench(
        title="What cleaning records costs",
        target="//tools/bench/transform",
        records="records",
        sides={
            PLATFORM: Side(platform_service("data_processor")),
            PLAIN: Side(plain_service("tools.bench.transform.plain.service:app")),
        },
        cases=[
            *(_json_case(count) for count in _COUNTS),
            Case(
                f"CSV file of {megabytes} MB",
                records=file.count(b"\n") - 1,
                ask=post("/v1/transform/file", file, "text/csv", pipeline=json.dumps(_PIPELINE)),
                same=same_file,
                clients=1,
            ),
        ],
    )


def records(count: int) -> list[dict[str, Any]]:
    """Return records, a few of which are wrong and a few of which come again."""
    return [_record(number) for number in range(count)]


def same_json(platform: Answered, plain: Answered) -> None:
    """Compare answers of `/v1/transform`; only the words of reasons may differ."""
    ours, theirs = json.loads(platform.body), json.loads(plain.body)
    _equal("summary", ours["summary"], theirs["summary"])
    _equal(
        "rejects",
        *([[each[name] for name in ("row", "field", "code")] for each in one["rejects"]]
          for one in (ours, theirs)),
    )  # fmt: skip
    _same_records(*(pd.DataFrame(one["records"]) for one in (ours, theirs)))


def same_file(platform: Answered, plain: Answered) -> None:
    """Compare answers of `/v1/transform/file`."""
    header = "X-Transform-Summary"
    _equal("summary", *(json.loads(one.headers[header]) for one in (platform, plain)))
    _same_records(_read(platform.body), _read(plain.body))


def _json_case(count: int) -> Case:
    body = json.dumps({"pipeline": _PIPELINE, "records": records(count)}).encode()
    name = "1 record in JSON" if count == 1 else f"{count:,} records in JSON"
    return Case(
        name, records=count, ask=post("/v1/transform", body, "application/json"), same=same_json
    )


def _record(number: int) -> dict[str, Any]:
    wrong, again = number % 100 == 50, number % 100 == 70
    return {
        "record_id": f"till-{number % 40}/{number - 40 if again else number}",
        "source": "tills",
        "sku": f"SKU-{number % 2_000}",
        "kind": "gift" if wrong else "sale",
        "quantity": number % 70 / 8,
        "unit": _UNITS[number % 5],
        "price": f"{number * 37 % 9_000 / 100 + 0.99:.2f}",
        "currency": _CURRENCIES[number % 3],
        "occurred_at": f"2026-{number % 12 + 1:02}-{number % 28 + 1:02}"
        f"T{number * 7 % 24:02}:{number % 60:02}:{number * 11 % 60:02}+01:00",
    }


def _csv(megabytes: int) -> bytes:
    lines = [",".join(_record(0))]
    size, number = 0, 0
    while size < megabytes * 1_000_000:
        lines.append(",".join(map(str, _record(number).values())))
        size += len(lines[-1]) + 1
        number += 1
    return "\n".join(lines).encode() + b"\n"


def _read(body: bytes) -> pd.DataFrame:
    return pd.read_csv(io.BytesIO(body), dtype=str)


def _same_records(ours: pd.DataFrame, theirs: pd.DataFrame) -> None:
    _equal("number of records", len(ours), len(theirs))
    for name in ("record_id", "source", "sku", "kind", "unit", "currency"):
        _all_equal(name, ours[name], theirs[name])
    # Texts may differ where values do not: 4.50 is 4.5, and +00:00 is Z.
    for name, meaning in (("price", _prices), ("occurred_at", _moments)):
        _all_equal(name, meaning(ours[name]), meaning(theirs[name]))
    apart = (ours["quantity"].astype(float) - theirs["quantity"].astype(float)).abs()
    _equal("quantities that differ", int((apart > _MICRO).sum()), 0)


def _prices(texts: "pd.Series[Any]") -> "pd.Series[Any]":
    return texts.map(Decimal, na_action="ignore")


def _moments(texts: "pd.Series[Any]") -> "pd.Series[Any]":
    return pd.to_datetime(texts, format="ISO8601", utc=True)


def _all_equal(name: str, ours: "pd.Series[Any]", theirs: "pd.Series[Any]") -> None:
    differ = ours.ne(theirs) & ~(ours.isna() & theirs.isna())
    if differ.any():
        place = int(differ.to_numpy().argmax())
        _equal(f"{name} of row {place}", ours.iloc[place], theirs.iloc[place])


def _equal(what: str, ours: object, theirs: object) -> None:
    if ours != theirs:
        shown = (str(each)[:_SHOWN] for each in (ours, theirs))
        raise AnswerError("{}: the platform has {}, the plain service {}".format(what, *shown))
