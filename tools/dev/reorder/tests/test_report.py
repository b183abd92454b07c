"""The second report tells what was collected, and what to reorder first."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

from tools.dev.invariants import Invariant
from tools.dev.killing import Kill
from tools.dev.reorder.advising import Advice, Forecast
from tools.dev.reorder.cleaning import Cleaned
from tools.dev.reorder.collecting import Collected
from tools.dev.reorder.jobs import Collection
from tools.dev.reorder.report import ReorderReport

DAY = date(2026, 1, 26)
REPORT = ReorderReport(
    collected=[
        Collected(
            Collection("tills", "database", {}),
            {"created_at": "2026-01-01T00:00:00Z", "finished_at": "2026-01-01T00:00:02.25Z"},
            [{"record_id": "a"}, {"record_id": "b"}],
            [{"position": "row 3"}],
            said="",
        )
    ],
    kill=Kill("collector", pid=7, after="600 orders of the web shop", ready_seconds=2.0),
    cleaned=Cleaned({"mug": {DAY: Decimal("1200.5")}}, received=2, duplicates=3, rejected=["a"]),
    first_day=DAY,
    days=70,
    advice=[
        Advice(Forecast("mug", [2.0, 2.5], 20), on_hand=15),
        Advice(Forecast("kettle", [50.0], 500), on_hand=3),
        Advice(Forecast("tea", [1.0], 10), on_hand=11),
    ],
    invariants=[Invariant("this holds")],
)


def test_the_text_has_every_fact() -> None:
    lines = [" ".join(line.split()) for line in REPORT.text().splitlines()]
    expected = {
        "tills database 2 1 2.2",
        "collector (process 7) was killed after 600 orders of the web shop, and ready again after "
        "2.0 s",
        "cleaned: 2 records, of which 1 were rejected and 3 known from another source; 1,200 units "
        "of 1 SKUs on 70 days from 2026-01-26",
        "ok this holds",
    }
    assert expected - set(lines) == set()
    assert any(line.startswith("1 other SKUs have enough") for line in lines)


def test_the_largest_order_comes_first() -> None:
    lines = [" ".join(line.split()) for line in REPORT.text().splitlines()]
    orders = lines[lines.index("to reorder on hand reorder point expected a day order") + 2 :][:2]
    assert orders == ["kettle 3 500 50.0 547", "mug 15 20 2.2 10"]


def test_a_broken_promise_makes_the_run_bad() -> None:
    assert REPORT.is_good
    assert not replace(REPORT, invariants=[Invariant("that does not", ["fault"])]).is_good
