"""A message, and changes of it: what is found of each in each direction."""

from collections.abc import Callable
from typing import Any

import pytest

type Schema = dict[str, Any]
type Edit = Callable[[Schema], None]

KINDS = [{"$ref": "#/$defs/Round"}, {"$ref": "#/$defs/Square"}]
PART = {
    "type": "object",
    "properties": {"code": {"type": "string", "maxLength": 8}},
    "required": ["code"],
}
MESSAGE: Schema = {
    "title": "Message",
    "type": "object",
    "properties": {
        "id": {"type": "string", "pattern": "^a", "minLength": 2},
        "at": {"type": "string", "format": "date-time"},
        "count": {"type": "integer", "minimum": 0, "maximum": 9},
        "step": {"type": "integer", "multipleOf": 4},
        "ratio": {"type": "number", "exclusiveMinimum": 0},
        "size": {"type": "integer"},
        "kind": {"enum": ["one", "two"]},
        "note": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None},
        "parts": {"type": "array", "items": {"$ref": "#/$defs/Part"}, "maxItems": 5},
        "any": {},
        "either": {
            "anyOf": [{"type": "string", "maxLength": 2}, {"type": "string", "format": "date"}]
        },
        "shape": {"oneOf": KINDS},
        "labels": {"type": "object", "additionalProperties": {"type": "string"}},
    },
    "required": ["id", "at", "count", "kind", "parts"],
    "$defs": {
        "Part": PART,
        "Round": {
            "type": "object",
            "properties": {"type": {"const": "round"}, "r": {"type": "integer"}},
            "required": ["type", "r"],
        },
        "Oval": {
            "type": "object",
            "properties": {"type": {"const": "oval"}},
            "required": ["type"],
        },
        "Square": {
            "type": "object",
            "properties": {"type": {"const": "square"}},
            "required": ["type"],
        },
    },
}
FIELDS = MESSAGE["properties"]


def setting(path: str, value: Any) -> Edit:
    """Return the edit that sets what a path leads to."""
    return lambda schema: holder(schema, path).__setitem__(path.rpartition(" ")[2], value)


def without(path: str) -> Edit:
    """Return the edit that deletes what a path leads to."""
    return lambda schema: holder(schema, path).__delitem__(path.rpartition(" ")[2])


def without_field(path: str) -> Edit:
    """Return the edit that deletes a field, of those that are required, too."""

    def edit(schema: Schema) -> None:
        *model, _, name = path.split()
        part = holder(schema, " ".join([*model, "-"]))
        del part["properties"][name]
        part["required"] = [other for other in part["required"] if other != name]

    return edit


def holder(schema: Schema, path: str) -> Any:
    """Return what holds the last part of a path."""
    *parts, _ = path.split()
    for part in parts:
        schema = schema[part]
    return schema


CODE = "$defs Part properties code"


def case(name: str, *edits: Edit, request: str = "", response: str = "", both: str = "") -> Any:
    """Return the parameters of a change, with the rules that are found for each direction."""
    return pytest.param(edits, request or both, response or both, id=name)


CHANGES = [
    case("a-title", setting("properties id title", "Id")),
    case("a-description", setting("properties id description", "!")),
    case("an-optional-field", setting("properties more", {"type": "string"})),
    case(
        "a-required-field",
        setting("properties more", {"type": "string"}),
        setting("required", [*MESSAGE["required"], "more"]),
        request="field-added-required",
    ),
    case("a-field-less", without_field("properties ratio"), both="field-removed"),
    case("a-required-field-less", without_field("properties count"), both="field-removed"),
    case(
        "optional-to-required",
        setting("required", [*MESSAGE["required"], "ratio"]),
        request="field-required",
    ),
    case(
        "required-to-optional",
        setting("required", MESSAGE["required"][1:]),
        response="field-optional",
    ),
    case(
        "another-type",
        setting("properties count", {"type": "string"}),
        request="type-narrowed",
        response="type-widened",
    ),
    case(
        "integer-to-number", setting("properties size", {"type": "number"}), response="type-widened"
    ),
    case(
        "number-to-integer",
        setting("properties ratio type", "integer"),
        request="type-narrowed",
    ),
    case(
        "null-too",
        setting("properties at", {"anyOf": [FIELDS["at"], {"type": "null"}]}),
        response="type-widened",
    ),
    case(
        "null-no-more",
        setting("properties note", {"type": "string", "default": None}),
        request="type-narrowed",
    ),
    case(
        "a-value-more",
        setting("properties kind enum", ["one", "two", "three"]),
        response="enum-widened",
    ),
    case("a-value-less", setting("properties kind enum", ["one"]), request="enum-narrowed"),
    case("any-value", setting("properties kind", {"type": "string"}), response="enum-widened"),
    case("a-greater-minimum", setting("properties count minimum", 1), request="minimum-narrowed"),
    case("a-smaller-minimum", setting("properties count minimum", -1), response="minimum-widened"),
    case(
        "a-minimum-excluded",
        setting("properties count exclusiveMinimum", 0),
        request="minimum-narrowed",
    ),
    case(
        "a-minimum-included",
        setting("properties ratio", {"type": "number", "minimum": 0}),
        response="minimum-widened",
    ),
    case("a-greater-maximum", setting("properties count maximum", 10), response="maximum-widened"),
    case("a-smaller-maximum", setting("properties count maximum", 8), request="maximum-narrowed"),
    case("no-maximum", without("properties count maximum"), response="maximum-widened"),
    case("finer-steps", setting("properties step multipleOf", 2), response="multipleOf-widened"),
    case("coarser-steps", setting("properties step multipleOf", 8), request="multipleOf-narrowed"),
    case("longer", setting(f"{CODE} maxLength", 9), response="maxLength-widened"),
    case("shorter", setting(f"{CODE} maxLength", 7), request="maxLength-narrowed"),
    case("at-least-longer", setting("properties id minLength", 3), request="minLength-narrowed"),
    case("at-least-shorter", setting("properties id minLength", 1), response="minLength-widened"),
    case(
        "another-pattern",
        setting("properties id pattern", "^b"),
        request="pattern-narrowed",
        response="pattern-widened",
    ),
    case("no-pattern", without("properties id pattern"), response="pattern-widened"),
    case("a-format", setting("properties id format", "date"), request="format-narrowed"),
    case("no-format", without("properties at format"), response="format-widened"),
    case("more-items", setting("properties parts maxItems", 6), response="maxItems-widened"),
    case("fewer-items", setting("properties parts maxItems", 4), request="maxItems-narrowed"),
    case("some-items", setting("properties parts minItems", 1), request="minItems-narrowed"),
    case(
        "distinct-items",
        setting("properties parts uniqueItems", True),
        request="uniqueItems-narrowed",
    ),
    case(
        "other-items",
        setting("properties parts items", {"type": "string"}),
        request="type-narrowed",
        response="type-widened",
    ),
    case("any-items", without("properties parts items"), response="type-widened"),
    case("a-field-less-within", without_field(CODE), both="field-removed"),
    case("no-more-anything", setting("properties any", {"type": "null"}), request="type-narrowed"),
    case("another-default", setting("properties note default", "-"), both="default"),
    case("closed", setting("additionalProperties", False)),
    case(
        "other-fields-of-any-type",
        setting("properties labels additionalProperties", True),
        response="type-widened",
    ),
    case(
        "no-other-fields",
        setting("properties labels additionalProperties", False),
        request="others-narrowed",
    ),
    case(
        "a-name-for-one-of-the-others",
        setting("properties labels properties", {"x": {"type": "integer"}}),
        request="type-narrowed",
        response="type-widened",
    ),
    case(
        "an-alternative-less",
        setting("properties either anyOf", [{"type": "string", "maxLength": 2}]),
        request="maxLength-narrowed",
    ),
    case("a-kind-less", setting("properties shape oneOf", KINDS[:1]), request="union-narrowed"),
    case(
        "a-kind-more",
        setting("properties shape oneOf", [*KINDS, {"$ref": "#/$defs/Oval"}]),
        response="union-widened",
    ),
    case("a-field-of-a-kind-less", without_field("$defs Round properties r"), both="field-removed"),
    case("kinds-without-a-tag", without("$defs Square required"), both="unknown-keyword"),
    case(
        "required-and-no-property",
        setting("required", [*MESSAGE["required"], "more"]),
        both="unknown-keyword",
    ),
    case("not", setting("properties any not", {"type": "null"}), both="unknown-keyword"),
    case("false", setting("properties any", False), both="unknown-keyword"),
    case("patterned-fields", setting("patternProperties", {}), both="unknown-keyword"),
    case("anyOf-and-more", setting("properties id anyOf", [{}]), both="unknown-keyword"),
    case("$ref-and-more", setting("properties id $ref", "#/$defs/Part"), both="unknown-keyword"),
    case("$ref-to-nothing", setting("properties id", {"$ref": "#/x"}), both="unknown-keyword"),
    case("$ref-elsewhere", setting("properties id", {"$ref": "urn:x"}), both="unknown-keyword"),
]
