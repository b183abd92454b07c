"""A local SNS, with the SQS queues that show what was published: the program.

Run by people through `bazel run`, and by server.py. Prints "listening PORT" on stdout once requests
are answered and the topics are there. A mistake of the user is one message and status 1.
"""

from __future__ import annotations

import argparse
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Sequence

from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from werkzeug.serving import BaseWSGIServer, make_server

from tools.sns_local.topics import create, is_fifo_name

HOST = "127.0.0.1"
HIGHEST_PORT = 65535


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until SIGTERM, Ctrl-C, or with --stop-on-eof the end of stdin."""
    options = _parser().parse_args(arguments)
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    server = _server(options.port)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    for topic in options.topic:
        create(f"http://{HOST}:{server.port}", topic)
    if options.stop_on_eof:
        threading.Thread(target=_at_end_of_input, args=(stopping,), daemon=True).start()
    print(f"listening {server.port}", flush=True)
    stopping.wait()


def _server(port: int) -> BaseWSGIServer:
    # One line for each request otherwise.
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    # Bound here, for the server's own message would tell of neither host nor option.
    try:
        listener = socket.create_server((HOST, port))
    except OSError as error:
        raise SystemExit(
            f"sns_local: port {port} on {HOST} cannot be used ({error.strerror}): choose another "
            "with --port, or 0 for a free one"
        ) from error
    return make_server(
        HOST,
        listener.getsockname()[1],
        DomainDispatcherApplication(create_backend_app),
        threaded=True,
        request_handler=MotoRequestHandler,
        # Its own duplicate of the descriptor is what lives on.
        fd=listener.fileno(),
    )


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> None:  # type: ignore[override]
        raise SystemExit(f"sns_local: {message}\n{self.format_usage()}")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="sns_local", description="A local SNS on 127.0.0.1.", allow_abbrev=False)
    parser.add_argument(
        "--port",
        type=_port,
        default=0,
        help="TCP port on 127.0.0.1; 0, the default, takes a free one",
    )
    parser.add_argument(
        "--topic",
        type=_topic,
        action="append",
        default=[],
        metavar="NAME.fifo",
        help="a FIFO topic to create, and a queue of that name that gets what is published",
    )
    parser.add_argument(
        "--stop-on-eof",
        action="store_true",
        help="stop when stdin ends, so that a dead parent leaves nothing running",
    )
    return parser


def _port(text: str) -> int:
    if text.isdecimal() and int(text) <= HIGHEST_PORT:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text} is not a port from 0 to {HIGHEST_PORT}")


def _topic(text: str) -> str:
    if is_fifo_name(text):
        return text
    raise argparse.ArgumentTypeError(f"{text} is not the name of a FIFO topic")


def _at_end_of_input(stopping: threading.Event) -> None:
    while os.read(sys.stdin.fileno(), 4096):
        pass
    stopping.set()


if __name__ == "__main__":
    main()
