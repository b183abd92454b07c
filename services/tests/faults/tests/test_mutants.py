"""The test is tested: services with one typical mistake each, which the checkers must find."""

import pytest

from services.tests.faults.outcome import ORDER_API, ORDER_PROCESSOR, Options
from services.tests.faults.run import run

_MUTANTS = "services.tests.faults.mutants."
_SECONDS = 8.0
_CLIENTS = 60


@pytest.mark.parametrize(
    ("mutant", "service", "checker"),
    [
        ("no_stock_condition", ORDER_PROCESSOR, "stock_is_never_negative"),
        ("stock_returned_twice", ORDER_PROCESSOR, "orders_agree_with_reservations"),
        ("key_claimed_twice", ORDER_API, "each_key_has_one_order"),
        ("event_after_the_change", ORDER_API, "events_are_complete"),
        ("orders_read_from_a_cache", ORDER_API, "orders_never_go_back"),
    ],
)
async def test_a_broken_service_is_found(
    dynamodb: str,
    mutant: str,
    service: str,
    checker: str,
    seed: int,
    capsys: pytest.CaptureFixture[str],
) -> None:
    app = f"{_MUTANTS}{mutant}:app"
    options = Options(
        seconds=_SECONDS,
        seed=seed,
        clients=_CLIENTS,
        order_api=app if service == ORDER_API else ORDER_API,
        order_processor=app if service == ORDER_PROCESSOR else ORDER_PROCESSOR,
    )
    result = await run(options, dynamodb=dynamodb, queue_url=None)
    with capsys.disabled():
        print(f"\n{mutant}: {', '.join(one.checker for one in result.violations)}\n{result}")
    assert checker in {violation.checker for violation in result.violations}
