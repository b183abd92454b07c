"""Keeping released versions."""

from pathlib import Path

import pytest

from libs.contracts.registry import CONTRACTS
from libs.contracts.release import main
from libs.contracts.schemas import SUFFIX, schema_text


def test_every_contract_is_kept_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert 0 == main(tmp_path)
    assert {f"{name}{SUFFIX}" for name in CONTRACTS} == {file.name for file in tmp_path.iterdir()}
    for name, contract in CONTRACTS.items():
        assert schema_text(contract) == (tmp_path / f"{name}{SUFFIX}").read_text(encoding="utf-8")
    assert f"released {name}" in capsys.readouterr().out
    assert 0 == main(tmp_path)
    assert "" == capsys.readouterr().out


def test_a_break_is_refused_and_nothing_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    orders = tmp_path / f"orders.v1{SUFFIX}"
    broken = schema_text(CONTRACTS["orders.v1"]).replace("customer_id", "customer")
    orders.write_text(broken, encoding="utf-8")
    assert 1 == main(tmp_path)
    assert "Order.customer: is gone" in capsys.readouterr().err
    assert [orders] == list(tmp_path.iterdir())
    assert broken == orders.read_text(encoding="utf-8")


def test_a_change_that_breaks_nothing_takes_the_place(tmp_path: Path) -> None:
    orders = tmp_path / f"orders.v1{SUFFIX}"
    text = schema_text(CONTRACTS["orders.v1"])
    orders.write_text(text.replace("where it stands", "so on"), encoding="utf-8")
    assert 0 == main(tmp_path)
    assert text == orders.read_text(encoding="utf-8")
