"""The jobs that collect what the local site sold: one for each type of source.

Each says where its source has what a record of the contract `records.v1` holds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tools.dev.site.files import CONNECTION, EXPORT, ROOT, SECRET

# So that a job of some twenty pages takes long enough to be killed in the midst of it.
PAGES_PER_SECOND = 10


@dataclass(frozen=True)
class Collection:
    """What is asked of collector."""

    source: str
    """As the records name it."""
    source_type: str
    config: dict[str, Any]

    @property
    def trigger(self) -> dict[str, Any]:
        """The body of the request."""
        return {"source_type": self.source_type, "config": self.config}


def collections(webshop: str) -> list[Collection]:
    """Return what is to be collected; `webshop` is the web shop's address."""
    return [_webshop(webshop), _tills(), _branch()]


def _webshop(address: str) -> Collection:
    shape = {
        "record_id": "id",
        "fields": {
            "record_id": "id",
            "sku": "article.sku",
            "quantity": "quantity",
            "price": "price.amount",
            "currency": "price.currency",
            "occurred_at": "ordered_at",
        },
        "constants": {"source": "webshop", "kind": "sale", "unit": "each"},
    }
    config = {
        "url": f"{address}/api/orders",
        "auth": {"secret": SECRET},
        "records": "orders",
        "paging": {"kind": "link"},
        "requests_per_second": PAGES_PER_SECOND,
        "shape": shape,
    }
    return Collection("webshop", "api", config)


def _tills() -> Collection:
    shape = {
        "record_id": "receipt",
        "fields": {
            "record_id": "receipt",
            "sku": "article",
            "quantity": "units",
            "price": "price",
            "occurred_at": "sold_at",
        },
        "constants": {"source": "tills", "kind": "sale", "unit": "each", "currency": "EUR"},
    }
    config = {
        "connection": CONNECTION,
        "table": "receipts",
        "cursor_column": "number",
        "shape": shape,
    }
    return Collection("tills", "database", config)


def _branch() -> Collection:
    shape = {
        "record_id": "id",
        "fields": {
            "record_id": "id",
            "source": "shop",
            "sku": "article",
            "quantity": "quantity",
            "unit": "unit",
            "price": "price",
            "currency": "currency",
            "occurred_at": "sold",
        },
        "constants": {"kind": "sale"},
    }
    return Collection("branch", "file", {"root": ROOT, "path": EXPORT, "shape": shape})
