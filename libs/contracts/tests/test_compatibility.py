"""Every kind of change, and what is found of it in each direction."""

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest

from libs.contracts.compatibility import findings
from libs.contracts.registry import CONTRACTS
from libs.contracts.schemas import schema_of
from libs.contracts.tests.schema_changes import (
    CHANGES,
    FIELDS,
    KINDS,
    MESSAGE,
    Edit,
    Schema,
    setting,
    without_field,
)


def rules(direction: str, edits: tuple[Edit, ...]) -> str:
    """Return the rules of what is found after the edits."""
    new = copy.deepcopy(MESSAGE)
    for edit in edits:
        edit(new)
    found = findings(MESSAGE | {"$comment": direction}, new | {"$comment": direction})
    assert all(one.pointer.startswith("#") for one in found)
    assert all(one.sentence.startswith("Message") for one in found)
    return " ".join(sorted({one.rule for one in found}))


@pytest.mark.parametrize(("edits", "request_rule", "response_rule"), CHANGES)
def test_a_change_is_found_where_it_breaks_a_reader(
    edits: tuple[Edit, ...], request_rule: str, response_rule: str
) -> None:
    assert request_rule == rules("request", edits)
    assert response_rule == rules("response", edits)
    # Of events, both old and new ones are read by both old and new readers.
    either = {request_rule, response_rule} - {""}
    assert " ".join(sorted(either)) == rules("event", edits)


@pytest.mark.parametrize("direction", ["request", "response", "event"])
def test_renaming_a_field_is_found(direction: str) -> None:
    edits = (without_field("properties count"), setting("properties total", FIELDS["count"]))
    required = setting("required", [{"count": "total"}.get(n, n) for n in MESSAGE["required"]])
    found = rules(direction, (*edits, required))
    added = "" if direction == "response" else "field-added-required "
    assert f"{added}field-removed" == found


def test_where_other_fields_were_refused_none_may_come() -> None:
    old = MESSAGE | {"additionalProperties": False, "$comment": "response"}
    new = copy.deepcopy(old)
    new["properties"]["more"] = {}
    assert ["field-added"] == [one.rule for one in findings(old, new)]


def test_a_schema_may_contain_itself() -> None:
    tree: Schema = {
        "title": "Tree",
        "$comment": "event",
        "$ref": "#/$defs/Node",
        "$defs": {
            "Node": {
                "type": "object",
                "properties": {
                    "name": {"type": "string"},
                    "children": {"type": "array", "items": {"$ref": "#/$defs/Node"}},
                },
            }
        },
    }
    assert [] == findings(tree, tree)
    other = copy.deepcopy(tree)
    other["$defs"]["Node"]["properties"]["name"] = {"type": "null"}
    assert {"type-narrowed", "type-widened"} == {one.rule for one in findings(tree, other)}


def real_fields() -> Iterator[Any]:
    """Yield every field of every model of the contracts, by contract and path."""
    for contract in CONTRACTS.values():
        schema = schema_of(contract)
        models = {"": schema} | {f"$defs {name} ": part for name, part in schema["$defs"].items()}
        for place, model in models.items():
            for name in model.get("properties", {}):
                path = f"{place}properties {name}"
                yield pytest.param(contract.id, path, id=f"{contract.id}-{place}{name}")


@pytest.mark.parametrize(("contract", "path"), list(real_fields()))
def test_no_field_of_a_contract_can_go_or_change_its_type(contract: str, path: str) -> None:
    text = json.dumps(schema_of(CONTRACTS[contract]))
    for edit in (without_field(path), setting(path, {"type": "boolean"})):
        new = json.loads(text)
        edit(new)
        found = findings(json.loads(text), new)
        name = path.rpartition(" ")[2]
        # Without their `type`, events are not known apart.
        assert found if name == "type" else any(one.field.endswith(f".{name}") for one in found)


def test_readers_set_an_event_aside_that_they_do_not_know() -> None:
    old: Schema = {
        "title": "Message",
        "$comment": "event",
        "oneOf": KINDS,
        "$defs": MESSAGE["$defs"],
    }
    new = old | {"oneOf": [*KINDS, {"$ref": "#/$defs/Oval"}]}
    assert [] == findings(old, new)
    assert ["union-narrowed"] == [one.rule for one in findings(new, old)]
    old["$comment"] = new["$comment"] = "response"
    assert ["union-widened"] == [one.rule for one in findings(old, new)]
