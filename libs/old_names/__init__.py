"""The names that projects which moved in imported from their `utils`, over what took its place.

For code that moves in: exchange the import and keep the calls. New code imports from
`libs.service_kit` and `libs.contracts.records`.
"""

import logging
import sys
from pathlib import Path

import structlog
from structlog.typing import FilteringBoundLogger

from libs import service_kit
from libs.contracts.records import RecordIn, RecordOut

__all__ = ["RecordIn", "RecordOut", "get_logger", "setup_logging"]


def setup_logging(level: int | str = "INFO", *, service: str | None = None) -> None:
    """Send all logging of the process to stdout as JSON, from `level` on.

    Where logging is set up already, nothing happens: in a service, its server does that, by
    LOG_LEVEL. `service` is what lines name, by default the program's name.

    Raises:
        ValueError: `level` is none of logging's.
    """
    name = logging.getLevelName(level) if isinstance(level, int) else level.upper()
    known = logging.getLevelNamesMapping()
    if name not in known:
        raise ValueError(f"level is {level!r}; it takes a number or one of: {', '.join(known)}")
    if not structlog.is_configured():
        service_kit.setup_logging(service=service or _program(), level=name)


def get_logger(name: str | None = None) -> FilteringBoundLogger:
    """Return the logger of a module; call as `get_logger(__name__)`."""
    return service_kit.get_logger(name or _program())


def _program() -> str:
    main = Path(sys.argv[0])
    return main.parent.name if main.stem == "__main__" else main.stem
