"""The demo's report counts right and shows every promise."""

from __future__ import annotations

from collections import Counter

from tools.dev.client import Answer
from tools.dev.invariants import MOST_FAULTS, Invariant, Stock
from tools.dev.killing import Kill
from tools.dev.placing import Outcome, Placed, Plan, Status
from tools.dev.report import Report, percentile
from tools.dev.stock import Level

ORDER = {"customer_id": "me", "lines": [{"sku": "mug", "quantity": 3}]}
PENDING = Answer(201, b'{"status": "PENDING"}')
CONFIRMED = Answer(201, b'{"status": "CONFIRMED"}')
PLACE = Plan()


def outcome(status: Status, reason: str = "", *, plan: Plan = PLACE) -> Outcome:
    return Outcome(ORDER, "k", plan, status=status, reason=reason, seconds=0.01)


def report(*outcomes: Outcome, invariants: tuple[Invariant, ...] = ()) -> Report:
    return Report(
        Placed(list(outcomes), Counter({"409 request-in-flight": 2}), seconds=2.0),
        Stock({"mug": Level(90, 5, 1)}, {"mug": 10}, {"mug": Level(97, 5, 4)}),
        Kill("order_processor", pid=77, after="5 orders", ready_seconds=1.26),
        invariants,
        notes=["a note"],
    )


def lines(text: str) -> set[str]:
    return {" ".join(line.split()) for line in text.splitlines()}


def test_the_text_has_every_count_with_its_reasons() -> None:
    text = report(
        outcome("confirmed"),
        outcome("shipped"),
        outcome("cancelled"),
        outcome("rejected", "insufficient-stock"),
        outcome("rejected", "unknown-sku"),
        outcome("rejected", "unknown-sku"),
        outcome("failed", "ClientError"),
    ).text()
    expected = {
        *("placed 7", "confirmed 1", "shipped 1", "cancelled 1", "rejected 3", "unknown-sku 2"),
        *("pending 0", "failed 1", "ClientError 1"),
        "throughput: 4 orders/s over 2.0 s",
        "latency: p50 10 ms, p95 10 ms, p99 10 ms",
        "mug 90 10 97 5 5 1 4 106",
        "all 1 SKUs 90 10 97 5 5 1 4 106",
        "asked again for want of an answer: 2 x 409 request-in-flight",
        "accepted as PENDING: none",
        "order_processor (process 77) was killed after 5 orders, and ready again after 1.3 s",
        "a note",
    }
    assert expected - lines(text) == set()


def test_repeats_are_counted_by_kind_and_by_what_they_got() -> None:
    both = outcome("confirmed", plan=Plan(repeat="at once"))
    both.answers = [CONFIRMED, CONFIRMED]
    other = outcome("confirmed", plan=Plan(repeat="after"))
    other.answers = [CONFIRMED, PENDING]
    text = report(both, other, outcome("confirmed")).text()
    sentence = (
        "repeats: 1 sent twice at once and 1 again after the answer; 1 of 2 got the same bytes"
    )
    assert sentence in lines(text)


def test_orders_that_waited_are_counted() -> None:
    settled, waiting = outcome("confirmed"), outcome("pending")
    settled.answers, waiting.answers = [PENDING], [PENDING]
    settled.settled_seconds = 4.0
    text = report(settled, waiting).text()
    sentence = "accepted as PENDING: 2, of which 1 were settled (p50 4.0 s, p95 4.0 s, p99 4.0 s)"
    assert sentence in lines(text)


def test_promises_are_listed_and_a_broken_one_makes_the_run_bad() -> None:
    kept = Invariant("this holds")
    broken = Invariant("that does not", [f"fault {n}" for n in range(MOST_FAULTS + 2)])
    assert report(invariants=(kept,)).is_good
    bad = report(invariants=(kept, broken))
    assert not bad.is_good
    expected = {"ok this holds", "BROKEN that does not", "fault 0", "and 2 more"}
    assert expected - lines(bad.text()) == set()


def test_a_run_without_stock_or_orders_has_a_report() -> None:
    empty = Report(Placed(), Stock({}, {}, {}), Kill("order_processor", "too few orders"), [])
    assert "all 0 SKUs" in empty.text()
    assert "order_processor was not killed: too few orders" in empty.text()


def test_a_percentile_is_a_value_that_occurred() -> None:
    values = [float(n) for n in range(1, 101)]
    assert [percentile(values, p) for p in (50, 95, 99, 100)] == [50, 95, 99, 100]
    assert percentile([7.0], 50) == 7
    assert percentile([], 99) == 0
