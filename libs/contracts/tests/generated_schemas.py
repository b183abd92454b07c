"""Schemas of messages, edits of them, and the documents that are written by them."""

import json
import string
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from hypothesis import strategies as st

type Schema = dict[str, Any]

NAMES = ("a", "b", "c", "d")
PATTERNS = ("^[a-c]+$", "^[a-z]+$")
WORDS = ("x", "y", "z")

_small = st.integers(0, 4)


def _some(**keywords: st.SearchStrategy[Any]) -> st.SearchStrategy[Schema]:
    return st.fixed_dictionaries({}, optional=keywords)


def _typed(name: str, **keywords: st.SearchStrategy[Any]) -> st.SearchStrategy[Schema]:
    return _some(**keywords).map(lambda chosen: {"type": name, **chosen})


_numbers = _some(
    minimum=_small,
    maximum=st.integers(5, 9),
    exclusiveMinimum=_small,
    exclusiveMaximum=st.integers(5, 9),
)
_plain = st.one_of(
    _typed("string", minLength=_small, maxLength=st.integers(4, 8)),
    _typed("string", pattern=st.sampled_from(PATTERNS)),
    st.just({"type": "string", "format": "date-time"}),
    _numbers.map(lambda chosen: {"type": "integer", **chosen}),
    _typed("integer", multipleOf=st.integers(1, 6)),
    _numbers.map(lambda chosen: {"type": "number", **chosen}),
    st.sampled_from(({"type": "boolean"}, {"type": "null"}, {"type": ["integer", "string"]}, {})),
    st.lists(st.sampled_from(WORDS), min_size=1, unique=True).map(
        lambda words: {"type": "string", "enum": words}
    ),
    st.sampled_from((*WORDS, 1, True, None)).map(lambda value: {"const": value}),
)
_scalars = _plain | st.just({"$ref": "#/$defs/Shared"})


@st.composite
def _objects(draw: st.DrawFn, inner: st.SearchStrategy[Schema]) -> Schema:
    properties = draw(st.dictionaries(st.sampled_from(NAMES), inner, max_size=3))
    schema: Schema = {
        "type": "object",
        "properties": properties,
        "required": [name for name in sorted(properties) if draw(st.booleans())],
    }
    others = draw(st.sampled_from((None, None, False, True, {"type": "integer"})))
    return schema if others is None else schema | {"additionalProperties": others}


@st.composite
def _tagged(draw: st.DrawFn, inner: st.SearchStrategy[Schema]) -> Schema:
    branches = []
    for word in draw(st.sampled_from((WORDS[:2], WORDS[1:]))):
        branch = draw(_objects(inner))
        branch["properties"]["tag"] = {"const": word}
        branches.append(branch | {"required": [*branch["required"], "tag"]})
    return {"oneOf": branches}


def _nested(inner: st.SearchStrategy[Schema]) -> st.SearchStrategy[Schema]:
    lists = _typed(
        "array",
        items=inner,
        minItems=st.integers(0, 1),
        maxItems=st.integers(1, 3),
        uniqueItems=st.booleans(),
    )
    unions = st.lists(inner, min_size=1, max_size=3).map(lambda branches: {"anyOf": branches})
    return st.one_of(lists, unions, _objects(inner), _tagged(inner))


_schemas = st.recursive(_scalars, _nested, max_leaves=5)


@st.composite
def messages(draw: st.DrawFn) -> Schema:
    """Return the schema of a message, with one part that others may refer to."""
    shared = draw(_plain)
    root = draw(_objects(_schemas) | _tagged(_schemas))
    return {**root, "title": "Message", "$defs": {"Shared": shared}}


@st.composite
def edited(draw: st.DrawFn, message: Schema) -> Schema:
    """Return the message after one or two edits."""
    for _ in range(draw(st.integers(1, 2))):
        # No copy would do: what was drawn may be a part of a strategy, and stand in two places.
        message = json.loads(json.dumps(message))
        places = [
            (edit, schema)
            for schema in _within(message)
            for applies, edit in _EDITS
            if applies(schema)
        ]
        edit, schema = draw(st.sampled_from(places))
        edit(draw, schema)
    return message


def _within(schema: Any) -> Iterator[Schema]:
    """Yield the schema and those within it."""
    if isinstance(schema, dict):
        yield schema
        for inner in schema.get("properties", {}).values():
            yield from _within(inner)
        for keyword in ("anyOf", "oneOf"):
            for inner in schema.get(keyword, ()):
                yield from _within(inner)
        yield from _within(schema.get("items"))
        yield from _within(schema.get("additionalProperties"))


def _replace(draw: st.DrawFn, schema: Schema) -> None:
    other = draw(_schemas)
    schema.clear()
    schema.update(other)


def _replace_shared(draw: st.DrawFn, schema: Schema) -> None:
    schema["$defs"]["Shared"] = draw(_plain)


def _wrap(draw: st.DrawFn, schema: Schema) -> None:
    branches = [dict(schema), draw(_scalars)]
    schema.clear()
    schema["anyOf"] = branches


def _edit_limit(draw: st.DrawFn, schema: Schema) -> None:
    keyword = draw(st.sampled_from(_limits(schema)))
    schema[keyword] = max(1, schema[keyword] + draw(st.sampled_from((-1, 1, 2))))


def _drop(draw: st.DrawFn, schema: Schema) -> None:
    del schema[draw(st.sampled_from(_droppable(schema)))]


def _edit_values(draw: st.DrawFn, schema: Schema) -> None:
    schema["enum"] = draw(st.lists(st.sampled_from(WORDS), min_size=1, unique=True))


def _edit_required(draw: st.DrawFn, schema: Schema) -> None:
    schema["required"] = [name for name in sorted(schema["properties"]) if draw(st.booleans())]


def _edit_properties(draw: st.DrawFn, schema: Schema) -> None:
    name = draw(st.sampled_from(NAMES))
    if schema["properties"].pop(name, None) is None:
        schema["properties"][name] = draw(_scalars)


def _edit_others(draw: st.DrawFn, schema: Schema) -> None:
    schema["additionalProperties"] = draw(st.sampled_from((True, False, {"type": "integer"})))


def _edit_branches(draw: st.DrawFn, schema: Schema) -> None:
    for keyword in {"anyOf", "oneOf"} & schema.keys():
        schema[keyword] = draw(st.lists(st.sampled_from(schema[keyword]), min_size=1))


def _limits(schema: Schema) -> list[str]:
    return [key for key, limit in schema.items() if type(limit) is int and key != "const"]


def _droppable(schema: Schema) -> list[str]:
    return [keyword for keyword in schema if keyword not in ("title", "$defs", "properties")]


def _is_inner(schema: Schema) -> bool:
    return "title" not in schema


def _is_object(schema: Schema) -> bool:
    return "properties" in schema


_EDITS: tuple[tuple[Callable[[Schema], object], Callable[[st.DrawFn, Schema], None]], ...] = (
    (_is_inner, _replace),
    (_is_inner, _wrap),
    (lambda schema: "$defs" in schema, _replace_shared),
    (_droppable, _drop),
    (_limits, _edit_limit),
    (lambda schema: "enum" in schema, _edit_values),
    (_is_object, _edit_required),
    (_is_object, _edit_properties),
    (_is_object, _edit_others),
    (lambda schema: {"anyOf", "oneOf"} & schema.keys(), _edit_branches),
)


def written(schema: Any, document: Schema) -> st.SearchStrategy[Any]:
    """Return what a writer by the schema may write; some of it is not valid, which is to be seen.

    It writes no field that has no name in the schema, unless the schema says that it may.
    """
    match schema:
        case {"$ref": str(reference)}:
            return written(document["$defs"][reference.rpartition("/")[2]], document)
        case {"anyOf": branches} | {"oneOf": branches}:
            return st.one_of([written(branch, document) for branch in branches])
        case {"const": value}:
            return st.just(value)
        case {"enum": values}:
            return st.sampled_from(values)
        case {"properties": _} | {"type": "object"}:
            return _written_object(schema, document)
        case {"type": "array"}:
            items = written(schema.get("items", {}), document)
            return st.lists(items, min_size=schema.get("minItems", 0), max_size=3)
        case {"type": str(name)}:
            return _SCALARS[name](schema)
        case {"type": list(names)}:
            return st.one_of([_SCALARS[name](schema) for name in names])
    return _anything


def _written_object(schema: Schema, document: Schema) -> st.SearchStrategy[Any]:
    properties = schema.get("properties", {})
    fields = {name: written(inner, document) for name, inner in properties.items()}
    others = schema.get("additionalProperties", "properties" not in schema)
    if others is not False:
        unnamed = written({} if others is True else others, document)
        fields |= {name: unnamed for name in NAMES if name not in properties}
    # What is required without being a property may be anything.
    required = {name: fields.pop(name, _anything) for name in schema.get("required", ())}
    return st.fixed_dictionaries(required, optional=fields)


def _written_numbers(schema: Schema) -> st.SearchStrategy[Any]:
    step = schema.get("multipleOf", 1)
    return st.integers(-2, 12).map(lambda number: number * step)


def _written_texts(schema: Schema) -> st.SearchStrategy[Any]:
    if "format" in schema:
        return st.datetimes().map(lambda moment: f"{moment.isoformat()}Z")
    least = max(schema.get("minLength", 0), 1 if "pattern" in schema else 0)
    letters = "abc" if schema.get("pattern") == PATTERNS[0] else string.ascii_lowercase
    return st.text(letters, min_size=least, max_size=schema.get("maxLength", 9))


_SCALARS: Mapping[str, Callable[[Schema], st.SearchStrategy[Any]]] = {
    "string": _written_texts,
    "integer": _written_numbers,
    "number": lambda schema: _written_numbers(schema) | st.sampled_from((0.5, 3.5, 4.5, 8.5)),
    "boolean": lambda _: st.booleans(),
    "null": lambda _: st.none(),
}
_anything = st.one_of(
    st.sampled_from((*WORDS, "2026-01-01", "abc", "", 1, 12, 0.5, True, None)),
    st.lists(st.sampled_from((1, "x")), max_size=4),
    st.dictionaries(st.sampled_from(NAMES), st.sampled_from((1, "x")), max_size=2),
)
