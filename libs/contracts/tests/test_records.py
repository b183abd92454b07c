"""Records of sales and stock."""

import json

import pytest
from pydantic import ValidationError

from libs.contracts.records import RecordIn

SALE = {
    "record_id": "1",
    "source": "tills",
    "sku": "APPLE",
    "kind": "sale",
    "quantity": 2.5,
    "unit": "kg",
    "price": "1.99",
    "currency": "EUR",
    "occurred_at": "2026-11-20T11:00:00.5+01:00",
}


def read(**changes: object) -> RecordIn:
    """Return the sale with changes, read as JSON."""
    return RecordIn.model_validate_json(json.dumps(SALE | changes))


def test_a_sale_is_read_and_its_price_stays_as_it_was_written() -> None:
    sale = read()
    assert "1.99" == sale.price
    assert "2026-11-20T11:00:00.500000+01:00" == sale.occurred_at.isoformat()
    assert sale == RecordIn.model_validate(SALE)


@pytest.mark.parametrize("moment", [1795168800, "1795168800", "2026-11-20", "2026-11-20T11:00:00"])
def test_a_time_has_a_zone(moment: object) -> None:
    with pytest.raises(ValidationError, match="occurred_at"):
        read(occurred_at=moment)


@pytest.mark.parametrize("quantity", ["2", None, True, float("nan"), float("inf"), 1e10])
def test_a_quantity_is_a_finite_number(quantity: object) -> None:
    with pytest.raises(ValidationError, match="quantity"):
        read(quantity=quantity)


@pytest.mark.parametrize("price", [1.99, "1,99", "-1", "1e3", "", "0.1234567"])
def test_a_price_is_a_decimal_in_text(price: object) -> None:
    with pytest.raises(ValidationError, match="price"):
        read(price=price)


@pytest.mark.parametrize("alone", ["price", "currency"])
def test_price_and_currency_go_together(alone: str) -> None:
    other = {"price": "currency", "currency": "price"}[alone]
    with pytest.raises(ValidationError, match="price and currency go together"):
        read(**{other: None})
    assert None is read(price=None, currency=None).price
