"""What clients asked and what they were told: the one source that the checkers judge by.

One record an operation, appended when the client stops waiting for it. Times are seconds of one
monotonic clock, so "before" means the same for all clients. An operation without an answer may take
effect at any later time, or never.
"""

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Literal

type Kind = Literal["place", "read", "list", "cancel", "ship", "read_stock", "put_stock"]

PROBLEM_URN = "urn:granary:problem:"


@dataclass(frozen=True, slots=True)
class Ok:
    """A 2xx answer, its body as it came."""

    status: int
    body: str


@dataclass(frozen=True, slots=True)
class Fail:
    """Any other answer, with the problem that it names."""

    status: int
    body: str

    @property
    def problem(self) -> str:
        """The slug of the problem's type, empty when the body is no problem document."""
        try:
            kind = json.loads(self.body)["type"]
        except (ValueError, KeyError, TypeError):
            return ""
        return str(kind).removeprefix(PROBLEM_URN)


@dataclass(frozen=True, slots=True)
class Unknown:
    """No answer: a time-out, a lost connection, the end of the run."""

    reason: str


type Outcome = Ok | Fail | Unknown
_OUTCOMES: dict[str, type[Ok | Fail | Unknown]] = {"ok": Ok, "fail": Fail, "unknown": Unknown}


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One request of one client and what came of it."""

    number: int
    client: str
    server: str
    """Which instance was asked."""
    kind: Kind
    subject: str = ""
    """The order id, SKU or customer that the request names; empty for `place`."""
    key: str | None = None
    """The Idempotency-Key of a `place`."""
    body: Mapping[str, Any] | None = None
    """The request's JSON."""
    invoked_at: float
    completed_at: float
    """When the client stopped waiting."""
    outcome: Outcome

    @property
    def ended_at(self) -> float:
        """The moment by which it had taken effect if ever: infinity without an answer."""
        return math.inf if isinstance(self.outcome, Unknown) else self.completed_at

    @property
    def document(self) -> dict[str, Any]:
        """The answer's JSON object, empty when there is none."""
        if isinstance(self.outcome, Unknown):
            return {}
        try:
            document = json.loads(self.outcome.body)
        except ValueError:
            return {}
        return document if isinstance(document, dict) else {}

    def to_json(self) -> str:
        """Return the record as one line."""
        record = {field.name: getattr(self, field.name) for field in fields(self)}
        (name,) = [name for name, kind in _OUTCOMES.items() if isinstance(self.outcome, kind)]
        record["outcome"] = {"is": name, **asdict(self.outcome)}
        return json.dumps(record, separators=(",", ":"))

    @staticmethod
    def from_json(line: str) -> "Operation":
        """Return the record that `to_json` wrote."""
        record = json.loads(line)
        outcome = record.pop("outcome")
        return Operation(**record, outcome=_OUTCOMES[outcome.pop("is")](**outcome))


class History(Sequence[Operation]):
    """Operations in the order in which they ended. Nothing is ever changed or taken away."""

    def __init__(self, operations: Iterable[Operation] = ()) -> None:
        self._operations = list(operations)

    def append(self, operation: Operation) -> None:
        """Add what just ended."""
        self._operations.append(operation)

    def __len__(self) -> int:
        return len(self._operations)

    def __iter__(self) -> Iterator[Operation]:
        return iter(self._operations)

    # Sequence overloads this for slices, which a history has no use for.
    def __getitem__(self, position: Any) -> Any:
        """Return the operation at `position`."""
        return self._operations[position]

    def write(self, path: Path) -> None:
        """Write one line an operation (NDJSON)."""
        with path.open("w", encoding="utf-8") as file:
            file.writelines(operation.to_json() + "\n" for operation in self._operations)

    @classmethod
    def read(cls, path: Path) -> "History":
        """Return what `write` wrote."""
        with path.open(encoding="utf-8") as file:
            return cls(Operation.from_json(line) for line in file)
