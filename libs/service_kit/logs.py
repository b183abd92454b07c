"""Structured logs: one JSON object a line on stdout, for our own events and for libraries'.

Events are short names with key-value fields. Bodies, headers and settings never go into a field.
"""

import json
import logging
import sys
from collections.abc import MutableMapping
from datetime import UTC, datetime
from typing import Any, cast

import orjson
import structlog
from structlog.tracebacks import ExceptionDictTransformer
from structlog.typing import FilteringBoundLogger, Processor

from libs.service_kit.request_ids import current_request_id
from libs.service_kit.tracing import current_trace_id

# Below WARNING the first three log requests and answers, bodies included, and uvicorn repeats what
# our own events say.
_TALKATIVE = ("aiohttp", "asyncio", "opentelemetry", "urllib3", "uvicorn")


def setup_logging(*, service: str, level: str = "info") -> None:
    """Send all logging of the process to stdout as JSON, each line naming `service`."""

    # One function and not a chain of structlog's own: a line costs a third of what it did.
    def complete(_: Any, level: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        if event.get("exc_info"):
            describe_exception(_, level, event)  # changes the event itself
        event["level"] = level
        event["timestamp"] = datetime.now(UTC)
        event["service"] = service
        if request_id := current_request_id():
            event["request_id"] = request_id
        if trace_id := current_trace_id():
            event["trace_id"] = trace_id
        return event

    # Without local variables, which hold bodies.
    describe_exception: Processor = structlog.processors.ExceptionRenderer(
        ExceptionDictTransformer(show_locals=False)
    )
    threshold = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[complete, _render],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.BytesLoggerFactory(sys.stdout.buffer),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                lambda *step: _render(*step).decode(),
            ],
            foreign_pre_chain=[structlog.stdlib.add_logger_name, complete],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(threshold)
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(max(threshold, logging.WARNING))


def _render(_: Any, __: str, event: MutableMapping[str, Any]) -> bytes:
    try:
        return orjson.dumps(event, default=repr, option=orjson.OPT_UTC_Z)
    except TypeError:  # lone surrogates, integers over 64 bits, keys that are no strings
        return json.dumps(event, default=str).encode("ascii")


def get_logger(name: str) -> FilteringBoundLogger:
    """Return the logger of a module; call as `get_logger(__name__)`."""
    return cast("FilteringBoundLogger", structlog.get_logger(module=name))
