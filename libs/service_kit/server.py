"""The process around a service: start-up checks, uvicorn, and an orderly end.

On SIGTERM or SIGINT /ready fails at once while requests are still taken (DRAIN_DELAY_SECONDS), then
new connections are refused while those made are still answered, requests under way finish (at most
SHUTDOWN_GRACE_SECONDS), then the application closes what it opened. A second SIGINT skips the
waiting.
"""

import asyncio
import contextvars
import importlib
import os
import signal
import socket
import sys
from types import FrameType
from typing import Any

import uvicorn
from pydantic import ValidationError

from libs.service_kit.connections import Connection, StoppableState, accept_rest
from libs.service_kit.lifecycle import Lifecycle
from libs.service_kit.logs import get_logger, setup_logging
from libs.service_kit.settings import ServerSettings, explain

log = get_logger(__name__)

# Longer than the 60 s after which AWS load balancers drop an idle connection: the side that may be
# about to send a request must be the one that closes.
_KEEP_ALIVE_SECONDS = 65
_BACKLOG = 2048


def serve(app: str, *, port: int) -> int:
    """Run the ASGI application `app` ("module:attribute") until told to stop.

    HOST and PORT come from the environment; `port` is the service's default. Return the exit code:
    0 after an orderly end, 78 (EX_CONFIG) for a bad setting, 69 (EX_UNAVAILABLE) when the address
    cannot be had, 70 (EX_SOFTWARE) when the application does not start. Each failure is one line on
    stderr.
    """
    module, _, attribute = app.partition(":")
    name = module.split(".")[-2] if "." in module else module
    try:
        settings = ServerSettings()
        application: Any = getattr(importlib.import_module(module), attribute)
    except ValidationError as error:
        return _fail(name, explain(error), os.EX_CONFIG)
    wanted = port if settings.port is None else settings.port
    try:
        listener = _listen(settings.host, wanted)
    except OSError as error:
        reason = error.strerror or str(error)
        fix = "stop what uses it, or set HOST and PORT to a free address of this machine"
        line = f"cannot listen on {settings.host}:{wanted}: {reason}; {fix}"
        return _fail(name, line, os.EX_UNAVAILABLE)
    setup_logging(service=name, level=settings.log_level)
    host, bound = listener.getsockname()[:2]
    log.info("listening", host=host, port=bound)
    lifecycle: Lifecycle = application.state.lifecycle
    server = _Server(
        uvicorn.Config(
            application,
            loop="uvloop",
            http=Connection,
            ws="none",
            lifespan="on",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_keep_alive=_KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=settings.shutdown_grace_seconds,
        ),
        lifecycle=lifecycle,
        drain_delay_seconds=settings.drain_delay_seconds,
    )
    server.run(sockets=[listener])
    if not server.started:
        reason = lifecycle.refusal or "the application did not start; its log says why"
        return _fail(name, reason, os.EX_SOFTWARE)
    log.info("stopped")
    return os.EX_OK


class _Server(uvicorn.Server):
    """uvicorn's server, except that it stops in steps, loses no request, and ends with 0."""

    def __init__(
        self, config: uvicorn.Config, *, lifecycle: Lifecycle, drain_delay_seconds: float
    ) -> None:
        super().__init__(config)
        self.server_state: StoppableState = StoppableState()
        self._lifecycle = lifecycle
        self._drain_delay_seconds = drain_delay_seconds
        self._loop: asyncio.AbstractEventLoop | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Remember the loop that signals are handed to; stop if the application does not start."""
        self._loop = asyncio.get_running_loop()
        try:
            await super().startup(sockets)
        except SystemExit:  # with an exit code of uvicorn's own
            self.should_exit = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Empty the queue of connections, close the listeners, and end as uvicorn does."""
        if not self.force_exit:
            await accept_rest(sockets or [])
        self.server_state.closing = True
        await super().shutdown(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to stop. uvicorn's own version would raise the signal again at the end."""
        if self._lifecycle.draining:
            # A terminal's Ctrl-C and its runner's SIGTERM may both arrive: only a second Ctrl-C is
            # haste.
            if sig == signal.SIGINT:
                self.force_exit = True
                self.should_exit = True
            return
        self._lifecycle.begin_drain()
        if self._loop is None:
            self.should_exit = True
        else:
            # In a context of its own: a signal interrupts any request, and is not part of it.
            self._loop.call_soon_threadsafe(
                self._drain, signal.Signals(sig).name, context=contextvars.Context()
            )

    def _drain(self, received: str) -> None:
        # Before the log line, which fails when whoever read the log is gone.
        asyncio.get_running_loop().call_later(self._drain_delay_seconds, self._stop)
        log.info("draining", signal=received, seconds=self._drain_delay_seconds)

    def _stop(self) -> None:
        self.should_exit = True


def _listen(host: str, port: int) -> socket.socket:
    """Return a socket bound to the address. Raise OSError when it is taken, unknown or
    forbidden."""
    family, kind, protocol, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(_BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener


def _fail(name: str, line: str, code: int) -> int:
    print(f"{name}: {line}", file=sys.stderr)
    return code
