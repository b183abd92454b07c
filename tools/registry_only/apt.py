"""Debian packages by apt, without touching the machine's own package state."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from bazel_launcher.errors import LauncherError

# Testing has Bazel; stable keeps Python 3.13 when testing has moved on.
SUITES = ("testing", "trixie")
KEYRINGS = (
    Path("/usr/share/keyrings/debian-archive-keyring.gpg"),
    Path("/usr/share/keyrings/debian-archive-keyring.pgp"),
)
TOOLS = ("apt-get", "apt-config", "dpkg", "dpkg-deb", "tar")

_SETTINGS = """
Dir::Etc::main "-";
Dir::Etc::parts "-";
Dir::Etc::sourceparts "-";
Dir::Etc::preferences "-";
Dir::Etc::preferencesparts "-";
Dir::Etc::sourcelist "{folder}/sources.list";
Dir::State "{folder}/state";
Dir::State::status "{folder}/status";
Dir::Cache "{folder}/cache";
APT::Architecture "{architecture}";
APT::Architectures {{ "{architecture}"; }};
APT::Get::Assume-Yes "true";
APT::Install-Recommends "false";
// A user other than root cannot switch to apt's own download user.
APT::Sandbox::User "";
Acquire::Languages "none";
// A mirror that stands still is no attack here: signatures are still checked.
Acquire::Check-Valid-Until "false";
"""


def check_tools() -> None:
    """Refuse at once if a needed program or Debian's keys are missing.

    Raises:
        LauncherError: names all that is missing in one line.
    """
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if missing:
        raise LauncherError(
            f"{', '.join(missing)} missing: the registry-only way needs a Debian or Ubuntu machine"
        )
    if _keyring() is None:
        raise LauncherError("Debian's keys are missing: apt-get install debian-archive-keyring")


def mirror() -> str:
    """Return the address of the Debian archive that this machine uses.

    `GRANARY_DEBIAN_MIRROR` goes before the machine's own apt sources.

    Raises:
        LauncherError: the machine's sources name no Debian archive.
    """
    chosen = os.environ.get("GRANARY_DEBIAN_MIRROR")
    if chosen:
        return chosen.rstrip("/")
    lines = _run(["apt-get", "indextargets", "--format", "$(CREATED_BY) $(REPO_URI)"]).split("\n")
    for line in lines:
        created_by, _, address = line.partition(" ")
        if created_by == "Packages" and address.rstrip("/").endswith("/debian"):
            return address.rstrip("/")
    raise LauncherError("apt's sources name no Debian archive: set GRANARY_DEBIAN_MIRROR")


class Archive:
    """Debian's archive as this machine reaches it, with its package lists read."""

    def __init__(self, folder: Path) -> None:
        """Read the package lists into `folder`, which is made and belongs to this object."""
        self._folder = folder
        self._environment = {**os.environ, "APT_CONFIG": str(folder / "apt.conf"), "LC_ALL": "C"}
        for name in ("state/lists/partial", "cache/archives/partial"):
            (folder / name).mkdir(parents=True)
        (folder / "status").touch()
        address = mirror()
        (folder / "sources.list").write_text(
            "".join(f"deb [signed-by={_keyring()}] {address} {s} main\n" for s in SUITES),
            encoding="utf-8",
        )
        architecture = _run(["dpkg", "--print-architecture"]).strip()
        settings = _SETTINGS.format(folder=folder, architecture=architecture)
        # The machine's proxies and certificates hold here too.
        machines_own = _run(["apt-config", "dump", "Acquire"])
        (folder / "apt.conf").write_text(machines_own + settings, encoding="utf-8")
        _run(["apt-get", "-qq", "update", "-o", "APT::Update::Error-Mode=any"], self._environment)

    def download(self, wanted: list[str]) -> list[Path]:
        """Download the packages in apt's notation and all that they depend on.

        Raises:
            LauncherError: a package is not to be had, or the network is away.
        """
        _run(["apt-get", "-qq", "--download-only", "install", *wanted], self._environment)
        return sorted((self._folder / "cache/archives").glob("*.deb"))


def _keyring() -> Path | None:
    return next((keyring for keyring in KEYRINGS if keyring.exists()), None)


def _run(command: list[str], environment: dict[str, str] | None = None) -> str:
    done = subprocess.run(  # noqa: S603
        command, check=False, capture_output=True, text=True, env=environment
    )
    if done.returncode != 0:
        errors = [line for line in done.stderr.split("\n") if line.startswith("E:")]
        reason = errors[0][2:].strip() if errors else done.stderr.strip().replace("\n", "; ")
        raise LauncherError(f"{command[0]} failed: {reason or f'exit code {done.returncode}'}")
    return done.stdout
