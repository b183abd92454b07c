"""Both services clean alike, and what would not be alike is noticed."""

import asyncio
import json
from dataclasses import replace
from pathlib import Path

import pytest

from tools.bench.beside.bench import PLAIN, PLATFORM, Answered, AnswerError
from tools.bench.beside.measuring import Options, measure
from tools.bench.transform.cases import bench, records, same_file, same_json


def test_both_services_give_the_same_answers_to_records_and_to_files(tmp_path: Path) -> None:
    small = bench(megabytes=1)

    measured = asyncio.run(
        measure(small, Options(rounds=1, cpu_seconds=0.1), folder=tmp_path, say=lambda _: None)
    )

    assert [case.name for case in small.cases] == list(measured)
    for rounds in measured.values():
        assert all(one.rate > 0 for side in (PLATFORM, PLAIN) for one in rounds[side])


def test_some_records_are_wrong_and_some_come_again() -> None:
    given = records(1000)

    assert sum(record["kind"] == "gift" for record in given) == 10
    assert len({record["record_id"] for record in given}) == 990


def document(**changes: object) -> Answered:
    """Return an answer with one record and one reject."""
    record = {
        "record_id": "1",
        "source": "tills",
        "sku": "A",
        "kind": "sale",
        "quantity": 0.1,
        "unit": "kg",
        "price": "1.5",
        "currency": "EUR",
        "occurred_at": "2026-11-20T10:00:00Z",
    }
    reject = {"row": 2, "field": "kind", "code": "literal_error", "reason": "no"}
    body = {"records": [record | changes], "rejects": [reject], "summary": {"received": 2}}
    return Answered(json.dumps(body).encode(), {})


@pytest.mark.parametrize(
    "changes",
    [
        {"price": "1.50"},
        {"occurred_at": "2026-11-20T10:00:00+00:00"},
        {"quantity": 0.100001},
    ],
)
def test_other_texts_of_the_same_values_are_the_same(changes: dict[str, object]) -> None:
    same_json(document(), document(**changes))


@pytest.mark.parametrize(
    "changes",
    [
        {"price": "1.51"},
        {"price": None},
        {"unit": "l"},
        {"occurred_at": "2026-11-20T10:00:01Z"},
        {"quantity": 0.100002},
    ],
)
def test_other_values_are_not_the_same(changes: dict[str, object]) -> None:
    with pytest.raises(AnswerError, match=next(iter(changes)).replace("quantity", "quantities")):
        same_json(document(), document(**changes))


def test_other_rejects_are_not_the_same() -> None:
    body = json.loads(document().body)
    body["rejects"][0]["row"] = 3

    with pytest.raises(AnswerError, match="rejects"):
        same_json(document(), replace(document(), body=json.dumps(body).encode()))


def test_files_are_compared_by_their_rows_and_their_summaries() -> None:
    rows = b"record_id,source,sku,kind,quantity,unit,price,currency,occurred_at\n"
    rows += b"1,tills,A,sale,1.5,kg,,,2026-11-20T10:00:00Z\n"
    file = Answered(rows, {"X-Transform-Summary": "{}"})

    same_file(file, file)
    with pytest.raises(AnswerError, match="kind of row 0"):
        same_file(file, replace(file, body=rows.replace(b"sale", b"stock")))
    with pytest.raises(AnswerError, match="summary"):
        same_file(file, replace(file, headers={"X-Transform-Summary": '{"received": 1}'}))
