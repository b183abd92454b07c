"""The contracts as they are: their schemas, examples and released versions."""

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from pydantic import TypeAdapter, ValidationError

from libs.contracts.registry import CONTRACTS, Contract, Message
from libs.contracts.releases import problems, read_released
from libs.contracts.schemas import SUFFIX, schema_of, schema_text

FOLDER = Path("libs/contracts")
RELEASED = read_released(FOLDER / "released")
EXAMPLES = {
    name: json.loads((FOLDER / "examples" / f"{name}.json").read_text(encoding="utf-8"))
    for name in CONTRACTS
}
MESSAGES = [
    pytest.param(contract, message, id=f"{contract.id}-{message.name}")
    for contract in CONTRACTS.values()
    for message in contract.messages
]


def within(schema: Any) -> Iterator[dict[str, Any]]:
    """Yield every object within a schema."""
    if isinstance(schema, dict):
        yield schema
    for value in schema.values() if isinstance(schema, dict) else schema:
        if isinstance(value, dict | list):
            yield from within(value)


def schema_for(schema: dict[str, Any], message: Message) -> dict[str, Any]:
    """Return the schema of a message."""
    if schema.get("title") == message.name:
        return schema
    return {"$ref": f"#/$defs/{message.name}", "$defs": schema["$defs"]}


def test_contracts_are_those_that_were_released() -> None:
    assert [] == problems(CONTRACTS, RELEASED)


def test_bazel_writes_the_schema_of_every_contract() -> None:
    texts = {f.name: f.read_text(encoding="utf-8") for f in (FOLDER / "schemas").iterdir()}
    assert {f"{name}{SUFFIX}": schema_text(CONTRACTS[name]) for name in CONTRACTS} == texts


@pytest.mark.parametrize(("contract", "message"), MESSAGES)
@pytest.mark.parametrize("version", ["current", "released"])
def test_examples_are_valid_by_schema_and_model(
    contract: Contract, message: Message, version: str
) -> None:
    text = schema_text(contract) if version == "current" else RELEASED[contract.id]
    schema = schema_for(json.loads(text), message)
    validator = jsonschema_rs.Draft202012Validator(schema, validate_formats=True)
    documents = EXAMPLES[contract.id][message.name]
    assert documents
    for document in documents:
        validator.validate(document)
        TypeAdapter(message.model).validate_json(json.dumps(document))


@pytest.mark.parametrize(("contract", "message"), MESSAGES)
def test_requests_refuse_unknown_fields_and_readers_ignore_them(
    contract: Contract, message: Message
) -> None:
    validator = jsonschema_rs.Draft202012Validator(schema_for(schema_of(contract), message))
    model = TypeAdapter(message.model)
    for document in EXAMPLES[contract.id][message.name]:
        for extended in with_a_field_more(document):
            if message.direction == "request":
                assert not validator.is_valid(extended)
                with pytest.raises(ValidationError, match="Extra inputs"):
                    model.validate_json(json.dumps(extended))
            else:
                validator.validate(extended)
                model.validate_json(json.dumps(extended))


def with_a_field_more(document: Any) -> Iterator[Any]:
    """Yield the document with an unknown field in each of its objects, one at a time."""
    if isinstance(document, dict):
        yield document | {"unheard_of": 1}
        for name, value in document.items():
            yield from (document | {name: other} for other in with_a_field_more(value))
    elif isinstance(document, list):
        for number, value in enumerate(document):
            for other in with_a_field_more(value):
                yield [*document[:number], other, *document[number + 1 :]]


@pytest.mark.parametrize("contract", CONTRACTS.values(), ids=CONTRACTS)
def test_schemas_say_what_ajv_and_the_compatibility_check_understand(contract: Contract) -> None:
    schema = schema_of(contract)
    jsonschema_rs.meta.validate(schema)
    assert f"urn:granary:{contract.name}:v{contract.version}" == schema["$id"]
    assert "https://json-schema.org/draft/2020-12/schema" == schema["$schema"]
    assert not [part for part in within(schema) if isinstance(part.get("discriminator"), dict)]
    formats = {part["format"] for part in within(schema) if isinstance(part.get("format"), str)}
    assert formats <= {"date-time"}


@pytest.mark.parametrize("contract", CONTRACTS.values(), ids=CONTRACTS)
def test_types_of_events_end_in_the_version(contract: Contract) -> None:
    text = schema_text(contract)
    types = {part["const"] for part in within(json.loads(text)) if "const" in part}
    named = {value for value in types if value.startswith("granary.")}
    assert all(value.endswith(f".v{contract.version}") for value in named)
    assert bool(named) == (contract.messages[0].direction == "event")


def test_a_contract_that_is_gone_is_told_of() -> None:
    kept = {name: CONTRACTS[name] for name in CONTRACTS if name != "orders.v1"}
    (problem,) = problems(kept, RELEASED)
    assert problem.startswith("orders.v1 is released, and gone from registry.py")


def test_a_contract_that_was_never_released_is_told_of() -> None:
    released = {name: RELEASED[name] for name in RELEASED if name != "orders.v1"}
    (problem,) = problems(CONTRACTS, released)
    assert problem.startswith("orders.v1 has no released version: run `tools/bazel run")


def test_a_change_that_breaks_nothing_is_to_be_released() -> None:
    released = RELEASED | {"orders.v1": RELEASED["orders.v1"].replace("where it stands", "so on")}
    (problem,) = problems(CONTRACTS, released)
    assert problem.startswith("orders.v1 changed and breaks nothing: run `tools/bazel run")


def test_a_break_names_the_field_the_rule_and_the_way_out() -> None:
    released = RELEASED | {
        "order_events.v1": RELEASED["order_events.v1"].replace("customer_id", "customer")
    }
    (problem,) = problems(CONTRACTS, released)
    first, *lines = problem.splitlines()
    assert "order_events.v1 breaks who reads or writes by its released version:" == first
    removed, added = sorted(lines[:-1], key=lambda line: "is new" in line)
    assert ".data.customer: is gone  [field-removed, #/$defs/Order/properties/customer]" in removed
    assert ".data.customer_id: is new and required  [field-added-required, " in added
    assert "make it version 2" in lines[-1]
    assert "Contract('order_events', 2, ...)" in lines[-1]


def test_a_direction_does_not_change() -> None:
    contract = CONTRACTS["stock_alerts.v1"]
    messages = (dataclasses.replace(contract.messages[0], direction="response"),)
    changed = {**CONTRACTS, contract.id: dataclasses.replace(contract, messages=messages)}
    (problem,) = problems(changed, RELEASED)
    assert "StockLow: event was the direction, now response  [direction, #]" in problem


def test_a_message_does_not_go() -> None:
    contract = CONTRACTS["orders.v1"]
    changed = {
        **CONTRACTS,
        contract.id: dataclasses.replace(contract, messages=contract.messages[:2]),
    }
    (problem,) = problems(changed, RELEASED)
    assert "OrderPage: is gone  [message-removed, #/$defs/OrderPage]" in problem
