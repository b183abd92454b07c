"""The ports of the development stack, the same for `up` and `demo`."""

from __future__ import annotations

import argparse
import socket

from tools.dev.errors import DevError

# The services' are the table "ports" of docs/development.md; DynamoDB Local's own default, 8000,
# is collector's. ElasticMQ has its own default.
PORTS = {
    "webshop": 8086,
    "data_processor": 8001,
    "model_service": 8002,
    "collector": 8000,
    "dynamodb": 8090,
    "sqs": 9324,
    "sns": 9911,
    "order_processor": 8081,
    "order_api": 8080,
    "subscriber": 8085,
}
HIGHEST_OFFSET = 65535 - max(PORTS.values())


def add_option(parser: argparse.ArgumentParser) -> None:
    """Add --port-offset to a command line."""
    parser.add_argument(
        "--port-offset",
        type=_offset,
        default=0,
        metavar="N",
        help="add N to every port (default 0)",
    )


def _offset(text: str) -> int:
    if not text.isdecimal() or int(text) > HIGHEST_OFFSET:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 0 to {HIGHEST_OFFSET}")
    return int(text)


def check_free(ports: dict[str, int]) -> None:
    """Refuse ports that something listens on.

    Raises:
        DevError: names the first such port and the option to change.
    """
    for name, port in ports.items():
        with socket.socket() as probe:
            # As servers do: connections that linger from the last run are no obstacle.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError as error:
                raise DevError(
                    f"port {port} of {name} is in use: stop what listens there, or move all ports "
                    "with --port-offset N"
                ) from error
