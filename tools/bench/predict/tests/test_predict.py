"""Both services predict alike, and what would not be alike is noticed."""

import asyncio
import json
from pathlib import Path

import pytest

from tools.bench.beside.bench import PLAIN, PLATFORM, Answered, AnswerError
from tools.bench.beside.measuring import Options, measure
from tools.bench.predict.cases import bench, same


def test_both_services_give_the_same_predictions_and_forecasts(tmp_path: Path) -> None:
    prepared = bench(tmp_path)

    measured = asyncio.run(
        measure(prepared, Options(rounds=1, cpu_seconds=0.1), folder=tmp_path, say=lambda _: None)
    )

    assert [case.name for case in prepared.cases] == list(measured)
    for rounds in measured.values():
        assert all(one.rate > 0 for side in (PLATFORM, PLAIN) for one in rounds[side])


def answered(*predictions: object, version: str = "2") -> Answered:
    """Return an answer to a prediction."""
    body = {"model": "demand", "version": version, "predictions": predictions}
    return Answered(json.dumps(body).encode(), {})


def test_numbers_may_differ_by_what_32_bits_lose_and_no_more() -> None:
    same(answered(10.0, 3), answered(10.0005, 3.0))
    with pytest.raises(AnswerError, match=r"predictions\[1\]"):
        same(answered(10.0, 3), answered(10.0, 3.01))


def test_other_versions_or_lengths_are_not_the_same() -> None:
    with pytest.raises(AnswerError, match="version"):
        same(answered(1.0), answered(1.0, version="1"))
    with pytest.raises(AnswerError, match="predictions"):
        same(answered(1.0), answered(1.0, 2.0))
