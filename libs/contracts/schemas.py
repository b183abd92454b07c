"""JSON Schema (2020-12) of contracts."""

import json
from typing import Any, Literal

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema

from libs.contracts.registry import Contract, Direction

DIALECT = GenerateJsonSchema.schema_dialect
SUFFIX = ".schema.json"

_MODES: dict[Direction, Literal["validation", "serialization"]] = {
    "request": "validation",
    "response": "serialization",
    "event": "serialization",
}


class _Generator(GenerateJsonSchema):
    def field_title_should_be_set(self, schema: Any) -> bool:
        """Leave titles to models: a field's would only repeat its name."""
        return False


def schema_of(contract: Contract) -> dict[str, Any]:
    """Return the schema of a contract.

    A sole message is the root of the schema; several are in its `$defs`, by name. Of a message,
    `$comment` says the direction.
    """
    names = [message.name for message in contract.messages]
    _, schema = TypeAdapter.json_schemas(
        [
            (message.name, _MODES[message.direction], TypeAdapter(message.model))
            for message in contract.messages
        ],
        schema_generator=_Generator,
    )
    definitions: dict[str, Any] = _standard(schema["$defs"])
    for message in contract.messages:
        definitions[message.name]["$comment"] = message.direction
    if len(names) == 1:
        root = {"title": names[0], **definitions.pop(names[0])}
    else:
        root = {"anyOf": [{"$ref": f"#/$defs/{name}"} for name in names]}
    return {
        "$schema": DIALECT,
        "$id": f"urn:granary:{contract.name}:v{contract.version}",
        "$defs": definitions,
        **root,
    }


def schema_text(contract: Contract) -> str:
    """Return the schema as it is written to a file, the same at each call."""
    return json.dumps(schema_of(contract), indent=2, sort_keys=True) + "\n"


def _standard(node: Any) -> Any:
    """Return a schema without the `discriminator` of OpenAPI, which JSON Schema does not know."""
    match node:
        case {"oneOf": _, "discriminator": {"propertyName": _}}:
            return _standard({key: node[key] for key in node if key != "discriminator"})
        case dict():
            return {key: _standard(value) for key, value in node.items()}
        case list():
            return [_standard(value) for value in node]
        case _:
            return node
