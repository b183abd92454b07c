"""The demo's orders, and what it says of a bad file or a stack that is not up."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from tools.dev import demo
from tools.dev.catalogue import load_catalogue
from tools.dev.demo_orders import DISCONTINUED_SKU, main, orders
from tools.dev.errors import DevError


def test_a_seed_always_gives_the_same_bytes(tmp_path: Path) -> None:
    """Of a hundred orders: what Python draws must not depend on its version."""
    output = tmp_path / "orders.ndjson"
    main(["--count=100", "--seed=1", f"--output={output}"])
    digest = hashlib.sha256(output.read_bytes()).hexdigest()
    assert digest == "1d40b620d1ca63134935f24587d15f6ebe175215a8c314022bf45cd92c30c96e"
    main(["--count=100", "--seed=2", f"--output={output}"])
    assert hashlib.sha256(output.read_bytes()).hexdigest() != digest


def test_the_orders_are_what_the_service_takes() -> None:
    catalogue = load_catalogue()
    made = list(orders(list(catalogue), count=2000, seed=1))
    skus = [[line["sku"] for line in order["lines"]] for order in made]
    assert all(len(set(each)) == len(each) for each in skus)
    assert {sku for each in skus for sku in each} == {*catalogue, DISCONTINUED_SKU}
    assert {line["quantity"] for order in made for line in order["lines"]} == set(range(1, 7))


def test_the_built_file_has_a_few_thousand_orders() -> None:
    assert len(demo.read_orders(demo.DEFAULT_ORDERS)) == 3000


@pytest.mark.parametrize(
    "line",
    ["{", "[]", "{}", '{"lines": [{}]}', '{"lines": [{"sku": "a", "quantity": "1"}]}', "5"],
)
def test_a_line_that_is_no_order_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "orders.ndjson"
    good = json.dumps({"customer_id": "me", "lines": [{"sku": "a", "quantity": 1}]})
    path.write_text(f"{good}\n\n{line}\n")
    with pytest.raises(DevError, match=r"orders\.ndjson:3: not an order"):
        demo.read_orders(path)


def test_an_empty_or_missing_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    with pytest.raises(DevError, match="holds no orders"):
        demo.read_orders(tmp_path / "empty")
    with pytest.raises(DevError, match="cannot be read"):
        demo.read_orders(tmp_path / "missing")


async def test_a_stack_that_is_not_up_is_answered_with_the_command() -> None:
    options = demo.parse(["--port-offset", "40000"])
    with pytest.raises(DevError, match=r"48080 does not answer: run `tools/bazel run //:up`"):
        await demo.run(options)


@pytest.mark.parametrize("text", ["-0.1", "1.1", "nan", "many"])
def test_a_share_of_repeats_is_from_0_to_1(text: str) -> None:
    with pytest.raises(SystemExit):
        demo.parse(["--repeats", text])


def test_the_demo_kills_by_default() -> None:
    options = demo.parse([])
    assert (options.no_kill, options.repeats) == (False, 0.1)
