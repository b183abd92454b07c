"""A history that is written and read again is the same."""

import math
from pathlib import Path

import pytest

from services.tests.faults.history import Fail, History, Ok, Operation, Outcome, Unknown


def operation(outcome: Outcome) -> Operation:
    return Operation(
        number=1,
        client="ann",
        server="http://127.0.0.1:1",
        kind="place",
        key="key",
        body={"lines": [{"sku": "FIG", "quantity": 1}]},
        invoked_at=1.25,
        completed_at=2.5,
        outcome=outcome,
    )


@pytest.mark.parametrize("outcome", [Ok(201, '{"a": "\u00e9"}'), Fail(409, "no"), Unknown("lost")])
def test_a_written_operation_is_read_as_it_was(outcome: Outcome, tmp_path: Path) -> None:
    history = History([operation(outcome)])
    history.append(operation(Ok(200, "{}")))
    history.write(tmp_path / "history.ndjson")
    assert list(history) == list(History.read(tmp_path / "history.ndjson"))


def test_without_an_answer_an_operation_may_take_effect_at_any_time() -> None:
    assert 2.5 == operation(Fail(503, "")).completed_at
    assert math.inf == operation(Unknown("lost")).ended_at


@pytest.mark.parametrize("body", ["", "no json", "[]", "{}"])
def test_a_refusal_without_a_problem_document_names_none(body: str) -> None:
    assert "" == Fail(502, body).problem
    assert {} == operation(Fail(502, body)).document


def test_a_refusal_names_its_problem() -> None:
    refusal = Fail(409, '{"type": "urn:granary:problem:insufficient-stock"}')
    assert "insufficient-stock" == refusal.problem
