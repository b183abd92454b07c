"""The programs that `up` keeps running: each one's command line and environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from tools.dev.ports import PORTS
from tools.dev.queues import EVENTS
from tools.dev.site.files import SOURCES
from tools.dev.state import State
from tools.sqs_local.server import queue_url

# Not resolved: the programs lie beside this file in the runfiles tree only.
ROOT = Path(__file__).parent.parent.parent
# Need nothing of a cloud, so that they start first and at once: their libraries are the largest.
INDEPENDENT = ("webshop", "data_processor", "model_service", "collector")
# In the order of their start; stopped in the reverse order.
PROGRAMS = (*INDEPENDENT, "subscriber", "order_processor", "order_api", "functions")
RUNNING = "functions are running"
"""The line that `functions` writes when both can be invoked."""

# The local servers take any; without some, the services would ask a cloud's metadata server.
DUMMY_CREDENTIALS = {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local"}
SERVICE_SETTINGS = {
    "AWS_REGION": "us-east-1",
    # Nothing routes requests here that would first have to notice.
    "DRAIN_DELAY_SECONDS": "0",
    # A laptop's disk and two cores are slower than the service that the default is made for.
    "DYNAMODB_TIMEOUT_SECONDS": "10",
    "HOST": "127.0.0.1",
    # So that a job of a killed collector goes on soon after its new start.
    "LEASE_SECONDS": "5",
    "POLL_SECONDS": "1",
    "PROCESSOR_TIMEOUT_SECONDS": "9",
    # So that who watches an order that waits for its decision does not wait long for more.
    "RECONCILE_SECONDS": "1",
}
# What Bazel's Python start-up code set for this program is not meant for others; and collector is
# to keep what it collects in the state folder, for whoever asks on this machine.
DROPPED_VARIABLES = (
    *("PYTHONPATH", "PYTHONSAFEPATH"),
    *("CLIENTS_FILE", "DATABASE_URL", "REDIS_URL", "ROLE"),
)


class Programs:
    """How each program is started, for a stack on certain ports.

    Args:
        ports: by the names of `tools.dev.ports.PORTS`.
        state: the folder that the stack keeps.
    """

    def __init__(self, ports: Mapping[str, int], state: State) -> None:
        self.addresses = {name: f"http://127.0.0.1:{ports[name]}" for name in PORTS}
        self._ports = ports
        self._state = state

    def command(self, name: str) -> list[str]:
        """Return a program's command line."""
        match name:
            case "subscriber":
                return [_tool(name), f"--port={self._ports[name]}"]
            case "webshop":
                return [_tool("site", name), f"--port={self._ports[name]}"]
            case "functions":
                servers = [f"--{server}={self.addresses[server]}" for server in _SERVERS]
                return [
                    *(_tool(name), *servers, f"--state={self._state.database}"),
                    f"--subscriber-port={self._ports['subscriber']}",
                ]
            case _:
                return [str(ROOT / "services" / name / name)]

    def environment(self, name: str) -> dict[str, str]:
        """Return a program's environment: the user's, but no cloud account of theirs."""
        match name:
            case "subscriber":
                return environment(WEBHOOK_SECRET=self._state.webhook_secret())
            case "webshop":
                return environment(WEBSHOP_TOKEN=self._state.webshop_token().read_text())
            case "functions":
                return environment()
            case "data_processor" | "model_service":
                return environment(PORT=str(self._ports[name]))
            case "collector":
                return environment(
                    PORT=str(self._ports[name]),
                    DATA_DIR=str(self._state.collected),
                    SOURCES_FILE=str(self._state.site / SOURCES),
                )
            case _:
                return environment(
                    PORT=str(self._ports[name]),
                    DYNAMODB_ENDPOINT=self.addresses["dynamodb"],
                    EVENTS_QUEUE_URL=queue_url(self.addresses["sqs"], EVENTS[name]),
                    ORDER_PROCESSOR_URL=self.addresses["order_processor"],
                )


_SERVERS = ("dynamodb", "sqs", "sns")


def environment(**settings: str) -> dict[str, str]:
    """Return the environment for a child: the user's, but no cloud account of theirs."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("AWS_") and name not in DROPPED_VARIABLES
    }
    return {**kept, **DUMMY_CREDENTIALS, **SERVICE_SETTINGS, **settings}


def _tool(*name: str) -> str:
    return str(ROOT.joinpath("tools", "dev", *name))
