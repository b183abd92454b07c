"""Both services store the same, and what would not be the same is noticed."""

import asyncio
import json
from pathlib import Path

import pytest

from tools.bench.beside.bench import PLAIN, PLATFORM, Answered, AnswerError
from tools.bench.beside.measuring import Options, measure
from tools.bench.collect.cases import bench, same
from tools.bench.collect.sources import stored_of


def test_both_services_store_the_same_of_each_source(tmp_path: Path) -> None:
    small = bench(tmp_path, rows=1_000)

    measured = asyncio.run(
        measure(small, Options(rounds=1, cpu_seconds=0.1), folder=tmp_path, say=lambda _: None)
    )

    assert [case.name for case in small.cases] == list(measured)
    for rounds in measured.values():
        assert all(one.rate > 0 for side in (PLATFORM, PLAIN) for one in rounds[side])


def test_some_rows_have_no_name_and_some_come_again() -> None:
    assert stored_of(1_000) == 1_000 - 10 - 10


def answered(*records: dict[str, str], **counts: str) -> Answered:
    """Return what a job stored, and its counts."""
    return Answered("".join(json.dumps(record) + "\n" for record in records).encode(), counts)


ONE, OTHER = {"record_id": "1", "price": "1.50"}, {"record_id": "2", "price": "2.50"}


def test_the_order_of_records_and_of_their_fields_does_not_matter() -> None:
    same(
        answered(ONE, OTHER, rejected="1"),
        answered(OTHER, {"price": "1.50", "record_id": "1"}, rejected="1"),
    )


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (answered(ONE), "2: the platform has"),
        (answered(ONE, {**OTHER, "price": "2.5"}), "2: the platform has"),
        (answered(ONE, OTHER, OTHER), "twice"),
        (answered(ONE, OTHER, rejected="1"), "jobs end"),
    ],
)
def test_other_records_and_other_counts_are_not_the_same(other: Answered, message: str) -> None:
    with pytest.raises(AnswerError, match=message):
        same(answered(ONE, OTHER), other)
