"""What a change of a contract breaks: pure functions over its released and its current schema.

They answer one question, in one direction or both: does a reader by one schema take all that is
written by the other? A writer writes no field that its schema does not name; a reader takes others,
unless `additionalProperties` says otherwise. Errors are on one side: what breaks nothing may be
refused, as is every keyword that is not known here; what breaks something is not let through.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from libs.contracts.limits import refusals
from libs.contracts.nodes import Node, escaped

type Schema = Mapping[str, Any]

_MISSING = object()


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One thing that a change breaks."""

    pointer: str
    """JSON Pointer to the place in the released schema, or to where it would be."""
    rule: str
    """As in the README's table."""
    field: str
    """Where it shows first; a model may be part of several."""
    change: str

    @property
    def sentence(self) -> str:
        """What changed, and where."""
        return f"{self.field}: {self.change}"


def findings(released: Schema, current: Schema) -> list[Finding]:
    """Return what breaks by going from one schema of a contract's version to the other."""
    found: dict[tuple[str, str, str], Finding] = {}
    messages = _messages(current)
    for name, old in _messages(released).items():
        for one in _message_findings(name, old, messages.get(name)):
            found.setdefault((one.pointer, one.rule, one.change), one)
    return sorted(found.values())


def _messages(schema: Schema) -> dict[str, Node]:
    """Return a contract's messages, each in its place in the schema, by name."""
    root = Node.at(schema, "#")
    if "anyOf" in schema and "title" not in schema:
        return {branch.pointer.removeprefix("#/$defs/"): branch for branch in root.branches()}
    return {str(schema.get("title")): root}


def _message_findings(name: str, old: Node, new: Node | None) -> Iterator[Finding]:
    if new is None:
        yield Finding(old.pointer, "message-removed", name, "is gone")
        return
    directions = old.schema.get("$comment"), new.schema.get("$comment")
    match directions:
        case ("request", "request"):
            yield from _Comparison(old_writes=True).of(old, new, name)
        case ("response", "response"):
            yield from _Comparison(old_writes=False).of(old, new, name)
        case ("event", "event"):
            # Events wait in tables and queues, so either side may be the older.
            yield from _Comparison(old_writes=True).of(old, new, name)
            yield from _Comparison(old_writes=False, sorts=True).of(old, new, name)
        case (was, now):
            yield Finding(old.pointer, "direction", name, f"{was} was the direction, now {now}")


@dataclass(frozen=True, slots=True)
class _Comparison:
    """One direction: what is written by one schema, and taken or not by the other."""

    old_writes: bool
    """Whether the released schema is the writer's; else it is the reader's."""
    sorts: bool = False
    """Whether readers set aside what names itself as something that they do not know."""
    passing: frozenset[tuple[str, str]] = frozenset()
    """Pairs of places that are looked at now, because a schema may contain itself."""

    def of(self, old: Node, new: Node, field: str) -> Iterator[Finding]:
        """Yield what the reader does not take."""
        old, new = old.resolved(), new.resolved()
        pair = (old.pointer, new.pointer)
        if pair in self.passing:
            return
        # Events are set aside whole; what is in them is not.
        sorts = self.sorts and not self.passing
        below = _Comparison(self.old_writes, sorts, self.passing | {pair})
        if unknown := {*old.unknown(), *new.unknown()}:
            names = ", ".join(sorted(unknown))
            change = f"the check does not understand {names} here"
            yield Finding(old.pointer, "unknown-keyword", field, change)
            return
        writer, reader = self._roles(old, new)
        if not reader.keywords():
            return  # It takes anything.
        if old.is_union() or new.is_union():
            for written in writer.branches():
                yield from below._branch(old, written, reader, field)
        else:
            yield from below._plain(old, new, field)

    def _branch(self, old: Node, written: Node, reader: Node, field: str) -> Iterator[Finding]:
        """Yield what the reader does not take of one branch of a union, or of a sole writer."""
        if written.is_union():
            yield from self.of(*self._roles(written, reader), field)
        elif reader.is_union() and (tag := reader.tag()):
            yield from self._tagged(old, written, reader, tag, field)
        else:
            alike = [b for b in reader.branches() if b.is_union() or b.types() & written.types()]
            tries = [list(self.of(*self._roles(written, taken), field)) for taken in alike]
            if not tries:
                taken = frozenset[str]().union(*(b.types() for b in reader.branches()))
                yield self._change(old, "type", field, _types(written.types()), _types(taken))
            elif [] not in tries:
                yield from min(tries, key=len)

    def _tagged(
        self, old: Node, written: Node, reader: Node, tag: str, field: str
    ) -> Iterator[Finding]:
        """Yield what the branch of the reader's that has the same constant does not take."""
        value = written.constant(tag)
        taken = [branch for branch in reader.branches() if branch.constant(tag) == value]
        if value is not None and taken:
            yield from self.of(*self._roles(written, taken[0]), f"{field} {value}")
        elif value is None or self.old_writes or not self.sorts:
            values = (branch.constant(tag) for branch in reader.branches())
            yield self._change(old, "union", field, f"{tag} {value}", ", ".join(map(str, values)))

    def _plain(self, old: Node, new: Node, field: str) -> Iterator[Finding]:
        writer, reader = self._roles(old, new)
        types = writer.types()
        if not types <= reader.types():
            yield self._change(old, "type", field, _types(types), _types(reader.types()))
            return
        yield from self._values(old, writer, reader, field)
        for kind, keyword, texts in refusals(writer, reader):
            if kind in types:
                yield self._change(old, keyword, field, *texts)
        if "array" in types and "items" in reader.schema:
            yield from self.of(_part(old, "items"), _part(new, "items"), f"{field}[]")
        if "object" in types:
            yield from self._objects(old, new, field)

    def _values(self, old: Node, writer: Node, reader: Node, field: str) -> Iterator[Finding]:
        taken, written = reader.values(), writer.values()
        if taken is None:
            return
        known = {_text(value) for value in taken}
        others = None if written is None else [v for v in map(_text, written) if v not in known]
        if others != []:
            text = "anything else" if others is None else ", ".join(others)
            yield self._change(old, "enum", field, text, ", ".join(sorted(known)))

    def _objects(self, old: Node, new: Node, field: str) -> Iterator[Finding]:
        was, now = old.properties(), new.properties()
        for name in was.keys() & now.keys():
            yield from self._both(old, new, name, f"{field}.{name}")
        for name in was.keys() - now.keys():
            pointer = old.child("properties", name).pointer
            yield Finding(pointer, "field-removed", f"{field}.{name}", "is gone")
        for name in now.keys() - was.keys():
            yield from self._added(old, new, name, f"{field}.{name}")
        writer, _ = self._roles(old, new)
        if _is_open(writer):
            yield from self._others(old, new, field)

    def _both(self, old: Node, new: Node, name: str, field: str) -> Iterator[Finding]:
        places = old.child("properties", name), new.child("properties", name)
        yield from self.of(*places, field)
        pointer = places[0].pointer
        was_required, is_required = name in old.required(), name in new.required()
        if self.old_writes and is_required and not was_required:
            yield Finding(pointer, "field-required", field, "may be missing no more")
        if not self.old_writes and was_required and not is_required:
            yield Finding(pointer, "field-optional", field, "may be missing now")
        defaults = [place.schema.get("default", _MISSING) for place in places]
        if not was_required and not is_required and _text(defaults[0]) != _text(defaults[1]):
            was, now = map(_text, defaults)
            yield Finding(pointer, "default", field, f"missing, it meant {was} and means {now}")

    def _added(self, old: Node, new: Node, name: str, field: str) -> Iterator[Finding]:
        pointer = f"{old.pointer}/properties/{escaped(name)}"
        if self.old_writes:
            if name in new.required():
                yield Finding(pointer, "field-added-required", field, "is new and required")
            if _is_open(old):
                yield from self.of(_others(old), new.child("properties", name), field)
        elif old.schema.get("additionalProperties") is False:
            change = "is new, and was promised not to come"
            yield Finding(pointer, "field-added", field, change)
        else:
            yield from self.of(_others(old), new.child("properties", name), field)

    def _others(self, old: Node, new: Node, field: str) -> Iterator[Finding]:
        """Yield what the reader does not take of fields that have no name in the schema."""
        _, reader = self._roles(old, new)
        if reader.schema.get("additionalProperties") is False:
            yield self._change(old, "others", field, "other fields", "the named ones")
        else:
            yield from self.of(_others(old), _others(new), f"{field}.*")

    def _roles(self, one: Node, other: Node) -> tuple[Node, Node]:
        """Return writer and reader of old and new, and old and new of writer and reader."""
        return (one, other) if self.old_writes else (other, one)

    def _change(self, old: Node, what: str, field: str, written: str, taken: str) -> Finding:
        if self.old_writes:
            rule, change = "narrowed", f"{written} was valid, and only {taken} is now"
        else:
            rule, change = "widened", f"{written} may come now, and only {taken} was promised"
        return Finding(old.pointer, f"{what}-{rule}", field, change)


def _is_open(writer: Node) -> bool:
    """Whether fields are written that the schema does not name."""
    unnamed = "properties" not in writer.schema
    return writer.schema.get("additionalProperties", unnamed) is not False


def _part(node: Node, keyword: str) -> Node:
    """Return what a keyword holds; where it is missing, anything goes."""
    if keyword in node.schema:
        return node.child(keyword)
    return Node(node.document, f"{node.pointer}/{keyword}", {})


def _others(node: Node) -> Node:
    return _part(node, "additionalProperties")


def _types(types: frozenset[str]) -> str:
    shown = types - {"integer"} if "number" in types else types
    return " or ".join(sorted(shown))


def _text(value: object) -> str:
    return "nothing" if value is _MISSING else json.dumps(value, sort_keys=True)
