"""A proxy that does to HTTP what networks and busy servers do, between a service and what it calls.

It stands on 127.0.0.1 before one server. While `plan.enabled`, each request meets a fault with the
chance that the plan gives it. The nastiest are those after which the caller cannot know what
happened: LOSE does the work and drops the answer, LATE answers never and does the work later, when
the caller has long repeated it.
"""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from random import Random

_LONGEST_HEAD = 65_536
_MEAN_DELAY_SECONDS = 0.1
_LONGEST_DELAY_SECONDS = 1.0
_LATEST_SECONDS = 2.0


class Fault(StrEnum):
    """What can happen to one request."""

    DELAY = "delay"
    """It takes longer."""
    CONFLICT = "conflict"
    """DynamoDB says that another transaction is changing the item; nothing is written."""
    THROTTLE = "throttle"
    """DynamoDB asks to slow down; nothing is written."""
    ERROR = "error"
    """The server fails before it does anything."""
    REFUSE = "refuse"
    """The connection ends before the request is passed on."""
    LOSE = "lose"
    """The request is passed on, then the connection ends without the answer."""
    LATE = "late"
    """The connection ends, and the request is passed on afterwards."""


@dataclass
class FaultPlan:
    """Chances of faults, 0 to 1 a request; their sum must not exceed 1."""

    chances: Mapping[Fault, float]
    dice: Random
    enabled: bool = False
    injected: Counter[Fault] = field(default_factory=Counter)

    def choose(self) -> Fault | None:
        """Return what is to happen to the next request."""
        if not self.enabled:
            return None
        left = self.dice.random()
        for fault, chance in self.chances.items():
            left -= chance
            if left < 0:
                return fault
        return None


@dataclass(frozen=True, slots=True)
class Message:
    """An HTTP/1.1 request or response as it is on the wire."""

    head: bytes
    body: bytes

    def header(self, name: str) -> str:
        """Return a header's value, empty when it is absent."""
        for line in self.head.split(b"\r\n")[1:]:
            key, _, value = line.partition(b":")
            if key.lower() == name.encode():
                return value.strip().decode("latin-1")
        return ""


type Refusal = Callable[[Fault, Message], bytes | None]
"""Returns the server's own way to answer with a fault, None when it knows none for the request."""


def dynamodb_refusal(fault: Fault, request: Message) -> bytes | None:
    """Answer as DynamoDB does: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference."""
    operation = request.header("x-amz-target").partition(".")[2]
    document: dict[str, object]
    match fault, operation:
        case Fault.CONFLICT, "TransactWriteItems":
            others = len(json.loads(request.body)["TransactItems"]) - 1
            conflict = {
                "Code": "TransactionConflict",
                "Message": "Transaction is ongoing for the item",
            }
            reasons = [conflict, *[{"Code": "None"}] * others]
            document = {
                "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
                "Message": "Transaction cancelled, please refer cancellation reasons for specific "
                f"reasons [{', '.join(reason['Code'] for reason in reasons)}]",
                "CancellationReasons": reasons,
            }
        case Fault.CONFLICT, "PutItem" | "UpdateItem" | "DeleteItem":
            document = {
                "__type": "com.amazonaws.dynamodb.v20120810#TransactionConflictException",
                "message": "Transaction is ongoing for the item",
            }
        case Fault.THROTTLE, _:
            document = {
                "__type": "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException",
                "message": "The level of configured provisioned throughput was exceeded",
            }
        case Fault.ERROR, _:
            document = {
                "__type": "com.amazonaws.dynamodb.v20120810#InternalServerError",
                "message": "Internal server error",
            }
            return _response("500 Internal Server Error", document)
        case _:
            return None
    return _response("400 Bad Request", document)


def http_refusal(fault: Fault, _: Message) -> bytes | None:
    """Answer as a load balancer does whose servers are all gone."""
    if fault is Fault.ERROR:
        return _response("503 Service Unavailable", {"message": "no healthy server"})
    return None


@dataclass(frozen=True, slots=True)
class FaultProxy:
    """A running proxy. Make one with `proxied`."""

    url: str
    plan: FaultPlan


@asynccontextmanager
async def proxied(
    host: str, port: int, plan: FaultPlan, refusal: Refusal
) -> AsyncIterator[FaultProxy]:
    """Stand before the server at host:port while the context lasts."""
    tasks: set[asyncio.Task[None]] = set()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        link = _Link(reader, writer, host=host, port=port, plan=plan, refusal=refusal)
        task = asyncio.create_task(link.carry())
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    server = await asyncio.start_server(accept, "127.0.0.1", 0, limit=_LONGEST_HEAD, backlog=1024)
    try:
        bound = server.sockets[0].getsockname()[1]
        yield FaultProxy(f"http://127.0.0.1:{bound}", plan)
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class _Link:
    """One caller's connection, and the one that carries its requests on."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        *,
        host: str,
        port: int,
        plan: FaultPlan,
        refusal: Refusal,
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._host = host
        self._port = port
        self._plan = plan
        self._refusal = refusal
        self._server: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def carry(self) -> None:
        """Carry requests until one side ends the connection or a fault does."""
        # A caller that was killed or gave up, or a server that is away: both are what is tested.
        try:
            with suppress(OSError, EOFError):
                while request := await _read(self._reader, response=False):
                    answer = await self._meet(request)
                    if answer is None:
                        break
                    self._writer.write(answer)
        finally:
            self._writer.transport.abort()
            if self._server:
                self._server[1].transport.abort()

    async def _meet(self, request: Message) -> bytes | None:
        """Return the answer for the caller, None to end the connection."""
        fault = self._plan.choose()
        if fault in (Fault.CONFLICT, Fault.THROTTLE, Fault.ERROR):
            refused = self._refusal(fault, request)
            if refused is not None:
                self._plan.injected[fault] += 1
                return refused
            fault = None
        if fault is not None:
            self._plan.injected[fault] += 1
        match fault:
            case Fault.DELAY:
                seconds = self._plan.dice.expovariate(1 / _MEAN_DELAY_SECONDS)
                await asyncio.sleep(min(seconds, _LONGEST_DELAY_SECONDS))
            case Fault.REFUSE:
                return None
            case Fault.LATE:
                self._writer.transport.abort()
                await asyncio.sleep(self._plan.dice.uniform(0, _LATEST_SECONDS))
        answer = await self._pass_on(request)
        return None if fault in (Fault.LOSE, Fault.LATE) else answer

    async def _pass_on(self, request: Message) -> bytes | None:
        """Return the server's answer, None when it ends the connection instead."""
        if self._server and self._server[0].at_eof():
            self._server[1].transport.abort()
            self._server = None
        if self._server is None:
            self._server = await asyncio.open_connection(
                self._host, self._port, limit=_LONGEST_HEAD
            )
        reader, writer = self._server
        writer.write(request.head + request.body)
        answer = await _read(reader, response=True)
        return answer.head + answer.body if answer else None


async def _read(reader: asyncio.StreamReader, *, response: bool) -> Message | None:
    """Return the next message, None at the end of the connection."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    message = Message(head, b"")
    if message.header("transfer-encoding").lower() == "chunked":
        return Message(head, await _chunks(reader))
    length = message.header("content-length")
    if not length and response:
        raise EOFError("a response of unknown length")
    return Message(head, await reader.readexactly(int(length or 0)))


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    """Return a chunked body as it is on the wire; trailers are not expected."""
    parts: list[bytes] = []
    while True:
        size = await reader.readuntil(b"\r\n")
        length = int(size.partition(b";")[0], 16)
        parts += [size, await reader.readexactly(length + 2)]
        if not length:
            return b"".join(parts)


def _response(status: str, document: Mapping[str, object]) -> bytes:
    body = json.dumps(document).encode()
    head = (
        f"HTTP/1.1 {status}\r\nContent-Type: application/x-amz-json-1.0\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body
