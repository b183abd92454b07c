"""Checks, for tests, that what is written is what was promised."""

import json
from pathlib import Path
from typing import Any

import jsonschema_rs
from pydantic import TypeAdapter

from libs.contracts.registry import CONTRACTS
from libs.contracts.schemas import SUFFIX

_RELEASED = Path("libs/contracts/released")


def check_event(contract_id: str, message: str) -> dict[str, Any]:
    """Return an event as it is on the wire, read: JSON of a contract as in `order_events.v1`.

    Raise ValidationError of `jsonschema_rs` or Pydantic for what the released contract does not
    promise, which an unknown field is, and for what its readers would not take.
    """
    released = json.loads((_RELEASED / f"{contract_id}{SUFFIX}").read_text(encoding="utf-8"))
    document: dict[str, Any] = json.loads(message)
    jsonschema_rs.Draft202012Validator(_closed(released), validate_formats=True).validate(document)
    TypeAdapter(CONTRACTS[contract_id].messages[0].model).validate_json(message)
    return document


def _closed(schema: Any) -> Any:
    """Return a schema that takes no field which it does not name."""
    match schema:
        case {"properties": dict()}:
            closed = {key: _closed(value) for key, value in schema.items()}
            return {"additionalProperties": False, **closed}
        case dict():
            return {key: _closed(value) for key, value in schema.items()}
        case list():
            return [_closed(value) for value in schema]
        case _:
            return schema
