"""The `:push` of python_service: pushes an image by digest, and names it with tags.

    bazel run //services/order_api:push -- --registry registry.example:5000 --tag v1.2.3

The registry may come from GRANARY_REGISTRY instead. One on loopback is spoken to over plain HTTP.
Credentials are those of `docker login`. With `--stamp` the build's version is a tag too. Prints the
pushed reference, `<registry>/<repository>@sha256:...`, on stdout and nothing else.

Exit codes: 0 pushed, 1 the registry refused, 2 no or a malformed registry, 3 no registry answers.
"""

import argparse
import os
import re
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

_REFUSED, _USAGE, _UNREACHABLE = 1, 2, 3
_TIMEOUT_SECONDS = 5
_HOST = r"[A-Za-z0-9][A-Za-z0-9.-]*|\[[0-9a-fA-F:]+\]"
_REGISTRY = re.compile(rf"(?P<host>{_HOST})(:(?P<port>\d{{1,5}}))?")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")


class PushError(Exception):
    """Nothing was pushed; the message is the one line that the user sees."""

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code


def parse_registry(text: str) -> tuple[str, int]:
    """Split `host[:port]`; without a port it is the one of HTTPS.

    Raises:
        PushError: There is none, or it is not of that form.
    """
    if not text:
        raise PushError("no registry: give --registry host:port, or set GRANARY_REGISTRY", _USAGE)
    match = _REGISTRY.fullmatch(text)
    if match is None or int(match["port"] or 443) > 65535:
        raise PushError(
            f"--registry {text!r}: takes host or host:port, without scheme and path", _USAGE
        )
    return match["host"].strip("[]"), int(match["port"] or 443)


def check_tags(tags: list[str]) -> None:
    """Refuse what no registry takes.

    Raises:
        PushError: A tag is malformed.
    """
    for tag in tags:
        if not _TAG.fullmatch(tag):
            raise PushError(f"--tag {tag!r}: takes letters, digits, . _ - (at most 128)", _USAGE)


def check_reachable(host: str, port: int) -> None:
    """Connect once, because the pusher itself would retry for a long time.

    Raises:
        PushError: Nothing answers. Not raised where a proxy stands between.
    """
    if "https" in urllib.request.getproxies() and not urllib.request.proxy_bypass(host):
        return
    try:
        socket.create_connection((host, port), timeout=_TIMEOUT_SECONDS).close()
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise PushError(f"no registry answers at {host}:{port}: {reason}", _UNREACHABLE) from error


def runfile(path: str) -> Path:
    """Find a file of this target: its path is relative to a folder above this one.

    Raises:
        PushError: It is not there, so this was not started by `bazel run`.
    """
    for folder in Path(__file__).absolute().parents:
        if (folder / path).exists():
            return folder / path
    raise PushError(f"{path} is not beside this program: start it with `bazel run`", _USAGE)


def push(pusher: Path, reference: str, tags: list[str]) -> None:
    """Push with rules_oci's program.

    Raises:
        PushError: It failed; the message ends with what it said last.
    """
    command = [str(pusher), "--repository", reference]
    for tag in tags:
        command += ["--tag", tag]
    root = next(p for p in pusher.parents if p.name.endswith(".runfiles") or p.parent == p)
    done = subprocess.run(  # noqa: S603 - the arguments are checked
        command,
        env={**os.environ, "RUNFILES_DIR": str(root)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        last = (done.stderr.strip() or done.stdout.strip() or "no reason given").splitlines()[-1]
        raise PushError(f"{reference}: {last}", _REFUSED)


def main() -> int:
    """Push, print the reference."""
    parser = argparse.ArgumentParser(prog="push", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--repository", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--digest-file", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--pusher", required=True, help=argparse.SUPPRESS)
    parser.add_argument(
        "--registry", default=os.environ.get("GRANARY_REGISTRY", ""), help="host[:port]"
    )
    parser.add_argument("--tag", action="append", default=[], help="a further name (repeatable)")
    arguments = parser.parse_args()
    try:
        check_tags(arguments.tag)
        host, port = parse_registry(arguments.registry)
        pusher, digest = runfile(arguments.pusher), runfile(arguments.digest_file)
        check_reachable(host, port)
        reference = f"{arguments.registry}/{arguments.repository}"
        push(pusher, reference, arguments.tag)
    except PushError as error:
        sys.stderr.write(f"push: {error}\n")
        return error.exit_code
    print(f"{reference}@{digest.read_text().strip()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
