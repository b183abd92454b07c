"""From sampled stacks to a table: which layer of a service its CPU time goes to.

A sample belongs to the innermost frame whose module is in `_LAYERS`. Most of the standard library
is in none, so it counts for whoever called it. What carries HTTP requests to others counts for the
layer that made the request, as far as the stack tells: answers arrive in callbacks of the event
loop.
"""

import functools
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

type Frame = tuple[str, str]
"""A file and a function's qualified name."""
type Stack = Sequence[Frame]

_EVENT_LOOP = "event loop and sockets"
_DYNAMODB_HTTP = "DynamoDB: HTTP"
_PROCESSOR = "call of order_processor"
_ANSWERS = "HTTP client: answers"
_TRANSPORT = "libs/http_client/"
_PACKAGES = re.compile(r"/(?:site-packages|dist-packages|python3\.\d+)/(?!.*site-packages/)(.+)$")
# The last such folder: a runfiles tree lies in a folder that is named like the target's package.
_OURS = re.compile(r"^.*/((?:libs|services|tools)/.+)$")

_LAYERS = tuple(
    (re.compile(pattern), layer)
    for pattern, layer in (
        (r"services/[a-z_]+/processor\.py$", _PROCESSOR),
        (r"(services|libs/contracts|libs/cursors)/", "order code"),
        (r"libs/outbox/", "outbox"),
        (r"libs/dynamo/(values|actions)\.py$", "DynamoDB: encode"),
        (r"libs/aws/(sigv4|credentials|sources)\.py$", "DynamoDB: sign"),
        (r"libs/(aws|dynamo)/", "DynamoDB: client"),
        (r"libs/service_kit/logs\.py$|structlog/", "logging"),
        (r"libs/service_kit/metrics\.py$|prometheus_client/", "metrics"),
        (r"libs/service_kit/tracing\.py$|opentelemetry/", "tracing"),
        (r"libs/", "our middlewares"),
        (r"pydantic/", "validation and JSON of models"),
        (r"(anyio|concurrent/futures)/|threading\.py$", "threads"),
        (r"(fastapi|starlette)/", "framework: FastAPI and Starlette"),
        (r"uvicorn/protocols/", "HTTP server: uvicorn"),
        (r"asyncio/(runners|base_events)\.py$", _EVENT_LOOP),
    )
)


@dataclass(frozen=True, slots=True)
class Share:
    """A layer's or function's part of the CPU time of an order."""

    name: str
    percent: float
    microseconds: float


def layer_of(stack: Stack) -> str:
    """Return the layer of a stack, outermost frame first."""
    carrying = False
    for file, _ in reversed(stack):
        module = _module(file)
        if module.startswith(_TRANSPORT):
            carrying = True
            continue
        layer = next((layer for pattern, layer in _LAYERS if pattern.match(module)), None)
        if layer is None:
            continue
        if not carrying or layer == _PROCESSOR:
            return layer
        return _DYNAMODB_HTTP if layer.startswith("DynamoDB") else _ANSWERS
    return _ANSWERS if carrying else "other"


def by_layer(samples: Iterable[tuple[int, Stack]], cpu_ms: float) -> list[Share]:
    """Return each layer's share of the `cpu_ms` that an order costs, largest first."""
    counts: Counter[str] = Counter()
    for count, stack in samples:
        counts[layer_of(stack)] += count
    return _shares(counts, cpu_ms)


def by_function(samples: Iterable[tuple[int, Stack]], cpu_ms: float, most: int) -> list[Share]:
    """Return the `most` functions that use the most time themselves, callees left out."""
    counts: Counter[str] = Counter()
    for count, stack in samples:
        if stack:
            file, function = stack[-1]
            counts[f"{_module(file)}: {function}"] += count
    return _shares(counts, cpu_ms)[:most]


def _shares(counts: Counter[str], cpu_ms: float) -> list[Share]:
    total = counts.total()
    return [
        Share(name, 100 * count / total, 1000 * cpu_ms * count / total)
        for name, count in counts.most_common()
    ]


@functools.cache
def _module(file: str) -> str:
    """Return a file's name from its package on: no folder of this machine."""
    found = _PACKAGES.search(file) or _OURS.match(file)
    return found[1] if found else file.rpartition("/")[2]
