"""Try what an action must not be able to do, and write down how that went, as JSON.

Usage: probe.py OUTPUT
"""

import json
import socket
import sys
from pathlib import Path

# TEST-NET-1 (RFC 5737): nothing answers there, but with a route the attempt times out
# instead of failing at once.
UNREACHABLE = ("192.0.2.1", 80)


def network_interfaces() -> list[str]:
    """Return the names of the interfaces that this process sees."""
    return sorted(name for _, name in socket.if_nameindex())


def connection_error() -> str:
    """Return the name of the error with which a connection to the outside fails."""
    try:
        socket.create_connection(UNREACHABLE, timeout=1).close()
    except OSError as error:
        return type(error).__name__ if error.errno is None else error.strerror or "unknown"
    return "none"


def files_seen() -> list[str]:
    """Return which of this package's text files are there, by paths relative to the action."""
    package = Path("tools/build/sandbox")
    return [name for name in ("declared.txt", "undeclared.txt") if (package / name).exists()]


def write_error(path: str) -> str:
    """Return the error with which writing a file outside of the sandbox fails."""
    try:
        Path(path).touch()
    except OSError as error:
        return error.strerror or "unknown"
    return "none"


if __name__ == "__main__":
    findings = {
        "connection_error": connection_error(),
        "files_seen": files_seen(),
        "network_interfaces": network_interfaces(),
        "write_error": write_error("/usr/granary-sandbox-probe"),
    }
    Path(sys.argv[1]).write_text(json.dumps(findings), encoding="utf-8")
