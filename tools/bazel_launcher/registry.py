"""The registry way: Bazelisk's Bazel, with modules from the Bazel Central Registry."""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import sys
import time
from pathlib import Path

from bazel_launcher.errors import LauncherError
from bazel_launcher.files import write_whole

# Both are addresses of Bazel itself; a company's mirror is set by the variables named here.
CENTRAL_REGISTRY = "https://bcr.bazel.build"  # GRANARY_BAZEL_REGISTRY
RELEASES = "https://releases.bazel.build"  # GRANARY_BAZEL_RELEASES

PROBE_TIMEOUT_SECONDS = 2
PROBE_VALID_SECONDS = 12 * 3600


def answers(cache: Path) -> bool:
    """Tell whether the Bazel Central Registry can be reached from here."""
    remembered = cache / "registry-answers"
    try:
        if time.time() - remembered.stat().st_mtime < PROBE_VALID_SECONDS:
            return remembered.read_text(encoding="utf-8") == "yes"
    except OSError:
        pass
    import urllib.request  # costs 40 ms, which a call with a remembered answer need not pay

    address = os.environ.get("GRANARY_BAZEL_REGISTRY", CENTRAL_REGISTRY)
    try:
        with urllib.request.urlopen(  # noqa: S310
            f"{address}/bazel_registry.json", timeout=PROBE_TIMEOUT_SECONDS
        ) as answer:
            # A captive portal answers too, but not with JSON.
            reachable = bool(answer.read(1) == b"{")
    except (OSError, ValueError):
        reachable = False
    write_whole(remembered, b"yes" if reachable else b"no")
    return reachable


def execute(arguments: list[str], version: str, cache: Path) -> None:
    """Replace this process by Bazel `version`: Bazelisk's, one on PATH, or one downloaded.

    Raises:
        LauncherError: there is none, and none can be downloaded.
    """
    bazel = os.environ.get("BAZEL_REAL") or _on_path()
    if bazel is None:
        bazel = str(_downloaded(version, cache))
    # Bazelisk would call tools/bazel again, which would call Bazelisk again.
    os.environ["BAZELISK_SKIP_WRAPPER"] = "true"
    os.execv(bazel, [bazel, *arguments])  # noqa: S606


def _on_path() -> str | None:
    """Return Bazelisk from PATH, if there is one: unlike `bazel`, it minds .bazelversion."""
    return shutil.which("bazelisk")


def _downloaded(version: str, cache: Path) -> Path:
    machine = {"x86_64": "x86_64", "aarch64": "arm64"}.get(platform.machine())
    if machine is None or sys.platform != "linux":
        raise LauncherError("Bazelisk is missing: see its README for this system, then call again")
    name = f"bazel-{version}-linux-{machine}"
    target = cache / "bazel" / name
    if target.exists():
        return target
    import urllib.request

    address = os.environ.get("GRANARY_BAZEL_RELEASES", RELEASES) + f"/{version}/release/{name}"
    print(f"tools/bazel: downloading Bazel {version} (once)", file=sys.stderr)
    try:
        with urllib.request.urlopen(address + ".sha256", timeout=30) as answer:  # noqa: S310
            expected = answer.read().split()[0].decode("ascii")
        with urllib.request.urlopen(address, timeout=300) as answer:  # noqa: S310
            content = answer.read()
    except (OSError, IndexError, UnicodeDecodeError) as error:
        raise LauncherError(
            f"Bazel {version} cannot be downloaded ({error}); install Bazelisk, "
            "or set GRANARY_BAZEL=registry-only"
        ) from error
    if hashlib.sha256(content).hexdigest() != expected:
        raise LauncherError(f"the downloaded {name} does not have the published SHA-256 {expected}")
    write_whole(target, content, executable=True)
    return target
