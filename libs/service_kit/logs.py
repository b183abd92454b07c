"""Structured logs: one JSON object a line on stdout, for our own events and for libraries'.

Events are short names with key-value fields. Bodies, headers and settings never go into a field.
"""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any, cast

import structlog
from structlog.tracebacks import ExceptionDictTransformer
from structlog.typing import FilteringBoundLogger, Processor

from libs.service_kit.request_ids import current_request_id

# Below WARNING the first three log requests and answers, bodies included, and uvicorn repeats what
# our own events say.
_TALKATIVE = ("aiodynamo", "aiohttp", "asyncio", "uvicorn")


def setup_logging(*, service: str, level: str = "info") -> None:
    """Send all logging of the process to stdout as JSON, each line naming `service`."""

    def add_context(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        event["service"] = service
        if request_id := current_request_id():
            event["request_id"] = request_id
        return event

    shared: list[Processor] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        add_context,
        # Without local variables, which hold bodies.
        structlog.processors.ExceptionRenderer(ExceptionDictTransformer(show_locals=False)),
    ]
    render: Processor = structlog.processors.JSONRenderer()
    threshold = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[*shared, render],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.WriteLoggerFactory(sys.stdout),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, render],
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(threshold)
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(max(threshold, logging.WARNING))


def get_logger(name: str) -> FilteringBoundLogger:
    """Return the logger of a module; call as `get_logger(__name__)`."""
    return cast("FilteringBoundLogger", structlog.get_logger(module=name))
