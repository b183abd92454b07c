"""Every contract, in each version that somebody still writes or reads."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from libs.contracts.inventory import Reservation, ReservationIn, Stock, StockIn
from libs.contracts.order_events import OrderEvent
from libs.contracts.orders import Order, OrderIn, OrderPage
from libs.contracts.records import RecordIn, RecordOut
from libs.contracts.stock_alerts import StockLow
from libs.contracts.stock_events import StockEvent

type Direction = Literal["request", "response", "event"]


@dataclass(frozen=True, slots=True)
class Message:
    """What one side writes and the other reads."""

    model: Any
    """A model, or a union of models under a name."""
    direction: Direction

    @property
    def name(self) -> str:
        """Its name in the schema."""
        return str(self.model.__name__)


@dataclass(frozen=True, slots=True)
class Contract:
    """Messages that are released together."""

    name: str
    version: int
    messages: tuple[Message, ...]

    @property
    def id(self) -> str:
        """Name and version, as in the names of files."""
        return f"{self.name}.v{self.version}"


_CONTRACTS = (
    Contract(
        "orders",
        1,
        (
            Message(OrderIn, "request"),
            Message(Order, "response"),
            Message(OrderPage, "response"),
        ),
    ),
    Contract("order_events", 1, (Message(OrderEvent, "event"),)),
    Contract(
        "inventory",
        1,
        (
            Message(StockIn, "request"),
            Message(Stock, "response"),
            Message(ReservationIn, "request"),
            Message(Reservation, "response"),
        ),
    ),
    Contract("stock_events", 1, (Message(StockEvent, "event"),)),
    Contract("stock_alerts", 1, (Message(StockLow, "event"),)),
    Contract("records", 1, (Message(RecordIn, "request"), Message(RecordOut, "response"))),
)

CONTRACTS: Mapping[str, Contract] = {contract.id: contract for contract in _CONTRACTS}
