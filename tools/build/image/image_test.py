"""The `:image_test` of python_service: takes an image apart and runs it, without an engine.

Checks digests, labels, user, layers, who may write what, that there is no shell, that every shared
object is of the right architecture and finds its libraries, and the size; then runs the image as
its user, read-only, and asks for /health. An image for another architecture than the machine's is
checked but not run.
"""

import argparse
import http.client
import os
import platform
import socket
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tools.build.image import findings
from tools.build.image.container import Container, ContainerError
from tools.build.image.layout import Image, LayoutError, Unpacked

_START_SECONDS = 60
_STOP_SECONDS = 15
_MACHINES = {"x86_64": "amd64", "aarch64": "arm64"}


def run(image: Image, unpacked: Unpacked, log: Path) -> Iterator[str]:
    """Run the image, ask for /health, stop it as an orchestrator does."""
    config = image.config["config"]
    port = _free_port()
    # Environment as `docker run --env` would change it: a free port, loopback only, and no waiting
    # for a load balancer at the end.
    env = dict(pair.split("=", maxsplit=1) for pair in config["Env"])
    env |= {"HOST": "127.0.0.1", "PORT": str(port), "DRAIN_DELAY_SECONDS": "0"}
    started = time.monotonic()
    try:
        with Container(
            unpacked.root,
            config["Entrypoint"],
            env=env,
            workdir=config["WorkingDir"],
            user=findings.NONROOT,
            log=log,
        ) as container:
            problem = _await_health(container, port)
            if problem:
                yield problem
                return
            print(f"/health answered 200 after {time.monotonic() - started:.1f} s")
            container.terminate()
            status = container.wait(_STOP_SECONDS)
            if status not in (0, 143):
                yield f"after SIGTERM it ended with {status}, not 0 or 143"
    except ContainerError as error:
        yield f"cannot run the image: {error}"


def _await_health(container: Container, port: int) -> str | None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        status = container.poll()
        if status is not None:
            return f"the program ended with {status} before it answered"
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", "/health")
            answer = connection.getresponse().status
        except (OSError, http.client.HTTPException):
            time.sleep(0.05)
            continue
        finally:
            connection.close()
        return None if answer == http.HTTPStatus.OK else f"/health answered {answer}"
    return f"/health did not answer within {_START_SECONDS} s"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def inspect(image: Image, unpacked: Unpacked, *, title: str, budget_mb: int) -> list[str]:
    """Everything that is wrong with the image's content."""
    return [
        *findings.configuration(image, title),
        *findings.layers(image, unpacked),
        *findings.writable(unpacked),
        *findings.tools(unpacked),
        *findings.shared_objects(image, unpacked),
        *findings.size(unpacked, budget_mb),
    ]


def main() -> int:
    """Print what was measured, and every problem on a line of its own."""
    parser = argparse.ArgumentParser(description="Test an image without a container engine.")
    parser.add_argument("--image", type=Path, required=True, help="an OCI layout")
    parser.add_argument("--title", required=True)
    parser.add_argument("--budget-mb", type=int, required=True)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=os.environ.get("TEST_TMPDIR")) as scratch:
        root, log = Path(scratch, "root"), Path(scratch, "log")
        root.mkdir()
        try:
            image = Image.read(arguments.image)
            unpacked = image.unpack(root)
        except LayoutError as error:
            print(f"FAIL: {error}")
            return 1
        print(f"{image.digest}: {unpacked.size / 1e6:.1f} MB uncompressed")
        problems = inspect(image, unpacked, title=arguments.title, budget_mb=arguments.budget_mb)
        architecture = image.config["architecture"]
        if architecture == _MACHINES.get(platform.machine()):
            problems += run(image, unpacked, log)
        else:
            print(f"not run: the image is for {architecture}, this machine is not")
        for problem in problems:
            print(f"FAIL: {problem}")
        if problems and log.exists():
            print(log.read_text(errors="replace"))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
