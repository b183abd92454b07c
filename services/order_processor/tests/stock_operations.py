"""What stories are made of: requests as the service is asked them, and as the model does them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from hypothesis import strategies as st

from services.order_processor.tests import stock_model as model

SKUS = ("APPLE", "PEAR", "PLUM")
ORDERS = ("order-1", "order-2", "order-3", "order-4", "order-5", "order-6")


class Request(NamedTuple):
    """An HTTP request."""

    method: str
    path: str
    body: dict[str, Any] | None = None
    headers: dict[str, str] | None = None


class Operation(Protocol):
    """Something to do; `state` is that of the model before it."""

    def request(self, state: model.State) -> Request:
        """Return what the service is asked."""

    def atoms(self, state: model.State) -> list[model.Atom]:
        """Return what the model does, one after the other."""


@dataclass(frozen=True)
class Put:
    """Set the stock of a SKU."""

    sku: str
    on_hand: int
    behind: int | None
    """None without If-Match; else how many versions its tag is behind the present one."""

    def request(self, state: model.State) -> Request:
        version = self._version(state)
        headers = {} if version is None else {"If-Match": f'"{version}"'}
        return Request("PUT", f"/v1/inventory/{self.sku}", {"on_hand": self.on_hand}, headers)

    def atoms(self, state: model.State) -> list[model.Atom]:
        put = model.put_stock(self.sku, self.on_hand, self._version(state))
        return [put, model.read_stock(self.sku)]

    def _version(self, state: model.State) -> int | None:
        if self.behind is None:
            return None
        level = state.levels.get(self.sku)
        return max(0, (level.version if level else 1) - self.behind)


@dataclass(frozen=True)
class Reserve:
    """Ask for the stock of an order."""

    order_id: str
    lines: model.Lines | None
    """None for those that the order was decided with, if it was."""

    def request(self, state: model.State) -> Request:
        # The order of lines means nothing.
        lines = [{"sku": sku, "quantity": n} for sku, n in reversed(self._wanted(state))]
        return Request("POST", "/v1/reservations", {"order_id": self.order_id, "lines": lines})

    def atoms(self, state: model.State) -> list[model.Atom]:
        return [model.reserve(self.order_id, self._wanted(state))]

    def _wanted(self, state: model.State) -> model.Lines:
        standing = state.decisions.get(self.order_id)
        return self.lines or (standing.lines if standing else (("APPLE", 1),))


@dataclass(frozen=True)
class Release:
    """Cancel."""

    order_id: str

    def request(self, _: model.State) -> Request:
        return Request("DELETE", f"/v1/reservations/{self.order_id}")

    def atoms(self, _: model.State) -> list[model.Atom]:
        return [model.release(self.order_id)]


@dataclass(frozen=True)
class Sell:
    """Ship."""

    order_id: str

    def request(self, _: model.State) -> Request:
        return Request("POST", f"/v1/reservations/{self.order_id}/sale")

    def atoms(self, _: model.State) -> list[model.Atom]:
        return [model.sell(self.order_id)]


@dataclass(frozen=True)
class ReadStock:
    """Look at a SKU."""

    sku: str

    def request(self, _: model.State) -> Request:
        return Request("GET", f"/v1/inventory/{self.sku}")

    def atoms(self, _: model.State) -> list[model.Atom]:
        return [model.read_stock(self.sku)]


@dataclass(frozen=True)
class ReadReservation:
    """Look at an order's reservation."""

    order_id: str

    def request(self, _: model.State) -> Request:
        return Request("GET", f"/v1/reservations/{self.order_id}")

    def atoms(self, _: model.State) -> list[model.Atom]:
        return [model.read_reservation(self.order_id)]


@dataclass(frozen=True)
class Expire:
    """Look for reservations whose time is over: no request, and no one order."""


skus = st.sampled_from(SKUS)
order_ids = st.sampled_from(ORDERS)
# The last SKU is unknown for a while; of the others some orders get what they want.
stocked = st.fixed_dictionaries({"APPLE": st.integers(4, 12), "PEAR": st.integers(0, 12)})
put_skus = st.sampled_from(("APPLE", "APPLE", "PEAR", "PEAR", "PLUM"))
lines = st.dictionaries(skus, st.integers(1, 4), min_size=1).map(
    lambda found: tuple(sorted(found.items()))
)
puts = st.builds(Put, put_skus, st.integers(0, 9), st.none() | st.integers(0, 1))
reserves = st.builds(Reserve, order_ids, st.none() | lines)
ends = st.builds(Release, order_ids) | st.builds(Sell, order_ids)
reads = st.builds(ReadStock, skus) | st.builds(ReadReservation, order_ids)
any_operation = puts | reserves | reserves | ends | ends | st.just(Expire()) | reads

_OF_ONE_ORDER: list[Callable[[str], Operation | Expire]] = [
    Release,
    Sell,
    ReadReservation,
    lambda order_id: Reserve(order_id, None),
    lambda _: Expire(),
]
of_one_order = st.sampled_from(_OF_ONE_ORDER)
