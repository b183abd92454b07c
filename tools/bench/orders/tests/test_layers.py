"""Which layer a stack belongs to, and what is left of file names."""

import pytest

from tools.bench.orders.layers import Frame, by_function, by_layer, layer_of

PACKAGES = "/machine/folder/site-packages"
TREE = "/services/tools/bench/orders/orders.runfiles/_main"
LOOP = ("/usr/lib/python3.13/asyncio/runners.py", "Runner.run")
ROUTE = (f"{PACKAGES}/fastapi/routing.py", "app")
ORDERS = (f"{TREE}/services/order_api/orders.py", "Orders.place")
DYNAMO = (f"{TREE}/libs/dynamo/client.py", "Dynamo.transact")
PROCESSOR = (f"{TREE}/services/order_api/processor.py", "Processor.reserve")
HTTP = (f"{TREE}/libs/http_client/client.py", "HttpClient.request")
JSON = ("/usr/lib/python3.13/json/encoder.py", "JSONEncoder.encode")


@pytest.mark.parametrize(
    ("stack", "layer"),
    [
        ([LOOP], "event loop and sockets"),
        ([LOOP, ROUTE], "framework: FastAPI and Starlette"),
        ([LOOP, ROUTE, ORDERS, JSON], "order code"),
        ([LOOP, ROUTE, ORDERS, DYNAMO, JSON], "DynamoDB: client"),
        ([LOOP, ROUTE, ORDERS, DYNAMO, HTTP, JSON], "DynamoDB: HTTP"),
        ([LOOP, ROUTE, ORDERS, PROCESSOR, HTTP], "call of order_processor"),
        ([LOOP, HTTP], "HTTP client: answers"),
        ([LOOP, ROUTE, (f"{PACKAGES}/structlog/_base.py", "msg"), JSON], "logging"),
        ([("<string>", "<module>")], "other"),
    ],
)
def test_a_stack_belongs_to_the_innermost_layer_that_it_is_in(
    stack: list[Frame], layer: str
) -> None:
    assert layer == layer_of(stack)


def test_shares_add_up_to_the_cpu_time_of_an_order() -> None:
    samples = [(30, [LOOP]), (60, [LOOP, ROUTE]), (10, [LOOP, ROUTE, ORDERS])]

    shares = by_layer(samples, cpu_ms=2)

    assert [60, 30, 10] == [share.percent for share in shares]
    assert sum(share.microseconds for share in shares) == pytest.approx(2000)


def test_functions_are_named_without_folders_of_the_machine() -> None:
    samples = [(3, [LOOP, ROUTE]), (2, [LOOP, ROUTE, ORDERS]), (1, [LOOP])]

    functions = by_function(samples, cpu_ms=1, most=3)

    assert [
        "fastapi/routing.py: app",
        "services/order_api/orders.py: Orders.place",
        "asyncio/runners.py: Runner.run",
    ] == [share.name for share in functions]
