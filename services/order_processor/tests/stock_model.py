"""What order_processor should do, in memory: pure functions from one state to the next.

What happens at one moment is an atom. Most requests are one; whatever runs at the same time may
come between the atoms of the others: expiry releases one order after the other, and a put answers
with the stock as it finds it afterwards.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

type Lines = tuple[tuple[str, int], ...]
"""SKU and quantity, sorted by SKU."""
type Answer = Mapping[str, Any] | None
"""What a request is answered with, as far as the model says; None when nobody is answered yet."""
type Atom = Callable[[State], tuple[State, Answer]]
type Told = tuple[str, Mapping[str, Any]]
"""Type and data of an event."""


@dataclass(frozen=True)
class Level:
    """The units of a SKU."""

    on_hand: int
    reserved: int
    sold: int
    version: int

    def moved(self, *, on_hand: int = 0, reserved: int = 0, sold: int = 0) -> "Level":
        """Return the level after units moved."""
        return Level(
            self.on_hand + on_hand, self.reserved + reserved, self.sold + sold, self.version + 1
        )


@dataclass(frozen=True)
class Decision:
    """What was decided about an order, and what became of it."""

    lines: Lines
    status: Literal["HELD", "REFUSED", "RELEASED", "SOLD"]
    refusal: str | None = None
    refused_sku: str | None = None
    release_reason: str | None = None

    def document(self, order_id: str) -> dict[str, Any]:
        """Return it as answers and events tell it; what does not apply is left out."""
        told = {
            "order_id": order_id,
            "status": self.status,
            "lines": [{"sku": sku, "quantity": quantity} for sku, quantity in self.lines],
            "refusal": self.refusal,
            "refused_sku": self.refused_sku,
            "release_reason": self.release_reason,
        }
        return {name: value for name, value in told.items() if value is not None}


@dataclass(frozen=True)
class State:
    """All that the service remembers, and all that it told."""

    levels: Mapping[str, Level] = field(default_factory=dict)
    units: Mapping[str, int] = field(default_factory=dict)
    """What was set of each SKU: what must be on hand, reserved or sold."""
    decisions: Mapping[str, Decision] = field(default_factory=dict)
    events: Mapping[str, tuple[Told, ...]] = field(default_factory=dict)
    """By subject, oldest first."""

    def telling(self, subject: str, kind: str, data: Mapping[str, Any]) -> "State":
        """Return the state with one more event."""
        told = (*self.events.get(subject, ()), (f"granary.{kind}.v1", data))
        return replace(self, events={**self.events, subject: told})

    def deciding(self, order_id: str, decision: Decision, kind: str) -> "State":
        """Return the state with what is now true of an order, and the event that tells so."""
        decided = replace(self, decisions={**self.decisions, order_id: decision})
        return decided.telling(order_id, f"reservation.{kind}", decision.document(order_id))

    def moving(
        self, lines: Lines, *, on_hand: int = 0, reserved: int = 0, sold: int = 0
    ) -> "State":
        """Return the state after the units of all lines moved; the factors say where."""
        moved = {
            sku: self.levels[sku].moved(
                on_hand=on_hand * quantity, reserved=reserved * quantity, sold=sold * quantity
            )
            for sku, quantity in lines
        }
        return replace(self, levels={**self.levels, **moved})


def put_stock(sku: str, on_hand: int, if_version: int | None) -> Atom:
    """Return what `PUT /v1/inventory/{sku}` does before it reads the stock for its answer."""

    def put(state: State) -> tuple[State, Answer]:
        standing = state.levels.get(sku)
        if if_version is not None and (standing is None or standing.version != if_version):
            return state, _problem(412, "stock-changed", sku=sku)
        before = standing or Level(0, 0, 0, 0)
        level = before.moved(on_hand=on_hand - before.on_hand)
        changed = replace(
            state,
            levels={**state.levels, sku: level},
            units={**state.units, sku: state.units.get(sku, 0) + on_hand - before.on_hand},
        )
        return changed.telling(sku, "stock.set", {"sku": sku, "on_hand": on_hand}), None

    return put


def read_stock(sku: str) -> Atom:
    """Return what `GET /v1/inventory/{sku}` does."""

    def read(state: State) -> tuple[State, Answer]:
        level = state.levels.get(sku)
        return state, _stock(sku, level) if level else _problem(404, "sku-not-found", sku=sku)

    return read


def reserve(order_id: str, lines: Lines) -> Atom:
    """Return what `POST /v1/reservations` does."""

    def hold(state: State) -> tuple[State, Answer]:
        if standing := state.decisions.get(order_id):
            if standing.lines != lines:
                return state, _problem(409, "reservation-mismatch")
            return state, _repeated(order_id, standing)
        unknown = [sku for sku, _ in lines if sku not in state.levels]
        short = [sku for sku, n in lines if sku not in unknown and state.levels[sku].on_hand < n]
        if unknown or short:
            refusal = "unknown-sku" if unknown else "insufficient-stock"
            decision = Decision(lines, "REFUSED", refusal, (unknown or short)[0])
            return state.deciding(order_id, decision, "refused"), _repeated(order_id, decision)
        decision = Decision(lines, "HELD")
        held = state.moving(lines, on_hand=-1, reserved=+1)
        return held.deciding(order_id, decision, "held"), _repeated(order_id, decision)

    return hold


def read_reservation(order_id: str) -> Atom:
    """Return what `GET /v1/reservations/{order_id}` does."""

    def read(state: State) -> tuple[State, Answer]:
        decision = state.decisions.get(order_id)
        return state, _reservation(200, order_id, decision) if decision else _NOT_RESERVED

    return read


def release(order_id: str) -> Atom:
    """Return what `DELETE /v1/reservations/{order_id}` does."""

    def give_back(state: State) -> tuple[State, Answer]:
        standing = state.decisions.get(order_id)
        if standing is None or standing.status == "REFUSED":
            return state, _NOT_RESERVED
        if standing.status == "SOLD":
            return state, _problem(409, "reservation-sold", order_id=order_id)
        after = _returned(state, order_id, "cancelled")
        return after, _reservation(200, order_id, after.decisions[order_id])

    return give_back


def sell(order_id: str) -> Atom:
    """Return what `POST /v1/reservations/{order_id}/sale` does."""

    def let_go(state: State) -> tuple[State, Answer]:
        standing = state.decisions.get(order_id)
        if standing is None or standing.status == "REFUSED":
            return state, _NOT_RESERVED
        if standing.status == "RELEASED":
            return state, _was_released(order_id, standing)
        if standing.status == "HELD":
            state = state.moving(standing.lines, reserved=-1, sold=+1)
            state = state.deciding(order_id, replace(standing, status="SOLD"), "sold")
        return state, _reservation(200, order_id, state.decisions[order_id])

    return let_go


def expire(order_id: str) -> Atom:
    """Return what a look for reservations whose time is over does to one of them."""
    return lambda state: (_returned(state, order_id, "expired"), None)


def serial_outcomes(
    state: State, running: Sequence[tuple[Sequence[Atom], Answer]]
) -> Iterator[State]:
    """Yield the state after each order of the atoms that explains what each request was answered.

    A request's atoms follow each other; the first that answers is its last.
    """
    if not running:
        yield state
    for number, (atoms, answered) in enumerate(running):
        after, answer = atoms[0](state)
        others = [*running[:number], *running[number + 1 :]]
        if answer is None and len(atoms) > 1:
            yield from serial_outcomes(after, [*others, (atoms[1:], answered)])
        elif answer == answered:
            yield from serial_outcomes(after, others)


def _returned(state: State, order_id: str, reason: str) -> State:
    standing = state.decisions[order_id]
    if standing.status != "HELD":
        return state
    back = state.moving(standing.lines, on_hand=+1, reserved=-1)
    released = replace(standing, status="RELEASED", release_reason=reason)
    return back.deciding(order_id, released, "expired" if reason == "expired" else "released")


def _repeated(order_id: str, decision: Decision) -> Answer:
    match decision.status:
        case "REFUSED":
            refusal = str(decision.refusal)
            return _problem(409, refusal, sku=decision.refused_sku, order_id=order_id)
        case "RELEASED":
            return _was_released(order_id, decision)
        case "SOLD":
            return _problem(409, "reservation-sold", order_id=order_id)
        case "HELD":
            return _reservation(201, order_id, decision)


def _reservation(status: int, order_id: str, decision: Decision) -> Answer:
    return {"http": status, **decision.document(order_id)}


def _was_released(order_id: str, decision: Decision) -> Answer:
    reason = decision.release_reason
    return _problem(409, "reservation-released", order_id=order_id, release_reason=reason)


def _stock(sku: str, level: Level) -> Answer:
    return {"http": 200, "etag": f'"{level.version}"', "sku": sku, **vars(level)}


def _problem(status: int, kind: str, **members: object) -> Mapping[str, Any]:
    return {"http": status, "kind": kind, **members}


_NOT_RESERVED = _problem(404, "reservation-not-found")
