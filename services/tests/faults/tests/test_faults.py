"""Both services keep their promises while they are killed and everything behind them fails.

tools/bazel test //services/tests/faults:fault_test --test_arg=--seconds=180 --test_arg=--seed=7
"""

import json
from pathlib import Path

import pytest

from services.tests.faults.history import Unknown
from services.tests.faults.outcome import Options, Result
from services.tests.faults.run import run

_SECONDS = 30.0
_AGAIN = "tools/bazel test //services/tests/faults:fault_test --test_arg=--seconds={seconds:g} \
--test_arg=--seed={seed}"


async def test_no_promise_is_broken(
    dynamodb: str,
    queue_url: str,
    seconds: float | None,
    seed: int,
    outputs: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    options = Options(seconds=seconds or _SECONDS, seed=seed)
    result = await run(options, dynamodb=dynamodb, queue_url=queue_url)
    _judge(result, seconds or _SECONDS, outputs, capsys)
    # A run that was stopped before it did enough would prove little.
    assert len(result.facts.orders) >= options.least_accepted
    assert result.count("CONFIRMED") > options.seconds
    assert result.count("REJECTED") > 0
    assert result.count("CANCELLED") > options.seconds / 10
    assert result.count("SHIPPED") > options.seconds / 10
    assert sum(result.kills.values()) >= 3
    for name, counts in result.injected.items():
        assert counts and min(counts.values()) > 0, (name, counts)


async def test_no_promise_is_broken_while_stock_returns_by_itself(
    dynamodb: str,
    queue_url: str,
    seconds: float | None,
    seed: int,
    outputs: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    options = Options(seconds=(seconds or _SECONDS) / 3, seed=seed, hold_seconds=3)
    result = await run(options, dynamodb=dynamodb, queue_url=queue_url)
    _judge(result, seconds or _SECONDS, outputs, capsys)
    assert result.count("CONFIRMED") == 0
    assert result.count("CANCELLED") > options.seconds / 10
    assert result.count("SHIPPED") > 0


def _judge(
    result: Result, seconds: float, outputs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with capsys.disabled():
        print(f"\n{result}")
    assert any(isinstance(operation.outcome, Unknown) for operation in result.facts.history)
    if result.violations:
        options = result.options
        run_name = f"{options.seed}-{options.hold_seconds:g}"
        history = outputs / f"history-{run_name}.ndjson"
        result.facts.history.write(history)
        log = outputs / f"log-{run_name}.ndjson"
        log.write_text("".join(json.dumps(line) + "\n" for line in result.log))
        found = "\n".join(str(violation) for violation in result.violations)
        again = _AGAIN.format(seconds=seconds, seed=options.seed)
        pytest.fail(f"{found}\n{result}\nkept: {history}, {log}\nagain: {again}", pytrace=False)
