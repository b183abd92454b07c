"""Places in a JSON Schema, and the part of its vocabulary that contracts are made of.

What is beyond that part is told by `Node.unknown`, so that nothing is passed over in silence.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_ANNOTATIONS = frozenset(
    {"$comment", "$defs", "$id", "$schema", "default", "deprecated", "description", "examples"}
    | {"title"}
)
_ASSERTIONS = frozenset(
    {"type", "const", "enum"}
    | {"minLength", "maxLength", "pattern", "format"}
    | {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"}
    | {"items", "minItems", "maxItems", "uniqueItems"}
    | {"properties", "required", "additionalProperties"}
)
# Understood only where no other assertion stands beside it.
_ALONE = ("$ref", "anyOf", "oneOf")
_TYPES = frozenset(("null", "boolean", "integer", "number", "string", "array", "object"))


@dataclass(frozen=True, slots=True)
class Node:
    """A schema within a document."""

    document: Mapping[str, Any]
    pointer: str
    """JSON Pointer in a URI's fragment: `#` is the document itself."""
    schema: Mapping[str, Any]

    @classmethod
    def at(cls, document: Mapping[str, Any], pointer: str) -> Node:
        """Return the node that a pointer leads to. Raise KeyError when it leads nowhere."""
        schema: Any = document
        for part in pointer.removeprefix("#").split("/")[1:]:
            schema = schema[part.replace("~1", "/").replace("~0", "~")]
        return cls(document, pointer, _as_object(schema))

    def child(self, keyword: str, part: str | int | None = None) -> Node:
        """Return the schema that a keyword holds, or the part of that name or number."""
        schema = self.schema[keyword]
        pointer = f"{self.pointer}/{keyword}"
        if part is not None:
            schema = schema[part]
            pointer += f"/{escaped(str(part))}"
        return Node(self.document, pointer, _as_object(schema))

    def resolved(self) -> Node:
        """Return what the node refers to; itself, when that is nothing that is understood."""
        node = self
        passed = {self.pointer}
        while node.keywords() == {"$ref"} and (target := node.target()):
            if target.pointer in passed:
                return self
            passed.add(target.pointer)
            node = target
        return node

    def target(self) -> Node | None:
        """Return where `$ref` leads within the document, or None."""
        reference = self.schema["$ref"]
        if not reference.startswith("#/"):
            return None
        try:
            return Node.at(self.document, reference)
        except KeyError:
            return None

    def keywords(self) -> frozenset[str]:
        """Return the keywords that restrict."""
        return frozenset(self.schema.keys() - _ANNOTATIONS)

    def unknown(self) -> list[str]:
        """Return the keywords of a resolved node that are not understood as they are used."""
        keywords = self.keywords()
        unknown = keywords - _ASSERTIONS - {*_ALONE}
        # A resolved node refers to nothing, unless it cannot be followed.
        unknown |= keywords & {"$ref"}
        if self.required() - self.properties().keys():
            unknown |= {"required"}
        if len(keywords) > 1:
            unknown |= keywords & {*_ALONE}
        elif keywords == {"oneOf"} and self.tag() is None:
            # Whether no two of its branches take one value is not known then.
            unknown |= {"oneOf"}
        return sorted(unknown)

    def is_union(self) -> bool:
        """Whether the node is made of branches."""
        return bool({"anyOf", "oneOf"} & self.schema.keys())

    def branches(self) -> list[Node]:
        """Return what a union is made of, resolved; of another node the node itself."""
        for keyword in ("anyOf", "oneOf"):
            if keyword in self.schema:
                numbers = range(len(self.schema[keyword]))
                return [self.child(keyword, number).resolved() for number in numbers]
        return [self]

    def tag(self) -> str | None:
        """Return the property by whose constant the branches of a union differ, or None."""
        branches = self.branches()
        for name in branches[0].properties():
            values = [branch.constant(name) for branch in branches]
            if None not in values and len(set(values)) == len(values):
                return name
        return None

    def constant(self, name: str) -> str | None:
        """Return the text that a property always has, or None."""
        if name not in self.required() or name not in self.properties():
            return None
        value = self.child("properties", name).resolved().schema.get("const")
        return value if isinstance(value, str) else None

    def properties(self) -> Mapping[str, Any]:
        """Return the properties by name."""
        properties: Mapping[str, Any] = self.schema.get("properties", {})
        return properties

    def required(self) -> frozenset[str]:
        """Return the names of the properties that are never missing."""
        return frozenset(self.schema.get("required", ()))

    def types(self) -> frozenset[str]:
        """Return the types that a value may have; `number` takes in `integer`."""
        named = self.schema.get("type")
        if named is None:
            values = self.values()
            types = _TYPES if values is None else {_type_of(value) for value in values}
        else:
            types = {named} if isinstance(named, str) else set(named)
        return frozenset(types) | ({"integer"} if "number" in types else frozenset())

    def values(self) -> list[Any] | None:
        """Return the values that are listed, or None when none are."""
        if "const" in self.schema:
            return [self.schema["const"]]
        values: list[Any] | None = self.schema.get("enum")
        return values


def escaped(part: str) -> str:
    """Return a part of a JSON Pointer as it is written."""
    return part.replace("~", "~0").replace("/", "~1")


def _as_object(schema: Any) -> Mapping[str, Any]:
    if isinstance(schema, bool):
        return {} if schema else {"not": {}}
    mapping: Mapping[str, Any] = schema
    return mapping


def _type_of(value: object) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int() | float():
            return "number"
        case str():
            return "string"
        case list():
            return "array"
        case _:
            return "object"
