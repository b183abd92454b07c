"""Runs a plain service: uvicorn with the platform's own flags, and one JSON line a request.

Usage: python -m tools.bench.orders.plain.server MODULE:APP
"""

import json
import logging
import os
import socket
import sys
from datetime import UTC, datetime

import uvicorn


class JsonFormatter(logging.Formatter):
    """One JSON object a log record."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line; uvicorn hands what it knows of a request over as arguments."""
        line: dict[str, object] = {
            "level": record.levelname.lower(),
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(),
        }
        if record.name == "uvicorn.access" and isinstance(record.args, tuple):
            _, line["method"], line["path"], _, line["status"] = record.args
            line["event"] = "request"
        else:
            line["event"] = record.getMessage()
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line)


def _log_config() -> dict[str, object]:
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": {"()": JsonFormatter}},
        "handlers": {
            "stdout": {
                "class": "logging.StreamHandler",
                "formatter": "json",
                "stream": "ext://sys.stdout",
            }
        },
        "loggers": {
            "uvicorn.error": {"handlers": ["stdout"], "level": "WARNING", "propagate": False},
            "uvicorn.access": {"handlers": ["stdout"], "level": "INFO", "propagate": False},
        },
    }


def main(app: str) -> None:
    """Serve on HOST and PORT until told to stop."""
    listener = socket.create_server(
        (os.environ["HOST"], int(os.environ["PORT"])), backlog=2048, reuse_port=False
    )
    config = uvicorn.Config(
        app,
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="on",
        log_config=_log_config(),
        access_log=True,
        server_header=False,
        timeout_keep_alive=65,
        timeout_graceful_shutdown=20,
    )
    print(json.dumps({"event": "listening", "port": listener.getsockname()[1]}), flush=True)
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main(sys.argv[1])
