"""Re-locks Debian packages, the images' and the local Redis's: packages.toml -> debian.lock.json.

Run as `bazel run //tools/build/debian:update`, with `-- --only redis` for one lock alone. apt does
the work with a private root folder, so the machine's own package state is neither read nor changed,
and apt checks the archive's signatures against the machine's Debian keyring. The mirror is
`GRANARY_DEBIAN_MIRROR` (the address of the archive, as in an apt source), else the first Debian
archive among the machine's own apt sources.

Exit codes: 0 written, 1 failed (one line on stderr says why).
"""

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from pathlib import Path

from tools.build.debian.control import Stanza, alternatives, parse_stanzas

# What is locked, and into what.
_LOCKS = {
    "images": ("tools/build/debian/packages.toml", "tools/build/debian.lock.json"),
    "redis": ("tools/redis_local/packages.toml", "tools/redis_local/debian.lock.json"),
}
_KEYRINGS = (
    "/usr/share/keyrings/debian-archive-keyring.gpg",
    "/usr/share/keyrings/debian-archive-keyring.pgp",
)
# The archive's name in the lock, the suffix of the mirror's address, and its suites.
_ARCHIVES = (
    ("debian", "", ("{0}", "{0}-updates")),
    ("debian-security", "-security", ("{0}-security",)),
)

Lookup = Callable[[str], Stanza | None]


class UpdateError(Exception):
    """The lock could not be made; the message is the one line that the user sees."""


@dataclass(frozen=True)
class Wanted:
    """The contents of packages.toml."""

    codename: str
    architectures: list[str]
    groups: dict[str, list[str]]
    excluded: dict[str, str]
    sha256: str

    @classmethod
    def read(cls, path: Path) -> "Wanted":
        """Read packages.toml; the lock records its hash so that a test sees the two disagree."""
        content = path.read_bytes()
        table = tomllib.loads(content.decode())
        return cls(
            codename=table["codename"],
            architectures=table["architectures"],
            groups=table["groups"],
            excluded=table["excluded"],
            sha256=hashlib.sha256(content).hexdigest(),
        )


def resolve(wanted: Wanted, lookup: Lookup) -> dict[str, list[Stanza]]:
    """Follow Depends from each group's names; a package belongs to the first group that reaches it.

    Args:
        wanted: The groups and the excluded names.
        lookup: Gives the newest version of a package, or None for a name without one.

    Raises:
        UpdateError: A name, or every alternative of a dependency, has no package.
    """
    groups: dict[str, list[Stanza]] = {}
    placed: set[str] = set()
    for group, names in wanted.groups.items():
        queue = list(names)
        members: list[Stanza] = []
        while queue:
            name = queue.pop(0)
            if name in placed:
                continue
            stanza = lookup(name)
            if stanza is None:
                raise UpdateError(f"no package {name!r} in {wanted.codename}, wanted by {group!r}")
            placed.add(name)
            members.append(stanza)
            for dependency in stanza.depends:
                names_of = alternatives(dependency)
                if any(n in placed or n in wanted.excluded for n in names_of):
                    continue
                found = next((n for n in names_of if lookup(n) is not None), None)
                if found is None:
                    raise UpdateError(
                        f"{name} depends on {dependency!r}, which has no package: "
                        "name what provides it in a group, or exclude it with a reason"
                    )
                queue.append(found)
        groups[group] = sorted(members, key=lambda s: s.name)
    return groups


class Apt:
    """apt with a root folder of its own, for one architecture."""

    def __init__(self, root: Path, architecture: str, codename: str, mirror: str) -> None:
        self._root = root
        keyring = next((k for k in _KEYRINGS if Path(k).exists()), None)
        if keyring is None:
            raise UpdateError("no Debian keyring on this machine: install debian-archive-keyring")
        for folder in ("lists/partial", "cache/archives/partial", "state"):
            (root / folder).mkdir(parents=True)
        (root / "status").touch()
        (root / "sources.list").write_text(
            "".join(
                f"deb [signed-by={keyring}] {mirror}{suffix} {suite.format(codename)} main\n"
                for _, suffix, suites in _ARCHIVES
                for suite in suites
            )
        )
        (root / "apt.conf").write_text(
            f'Dir::Etc::sourcelist "{root}/sources.list";\n'
            'Dir::Etc::sourceparts "-";\nDir::Etc::main "-";\nDir::Etc::parts "-";\n'
            'Dir::Etc::preferences "-";\nDir::Etc::preferencesparts "-";\n'
            f'Dir::State "{root}/state";\nDir::State::lists "{root}/lists";\n'
            f'Dir::State::status "{root}/status";\nDir::Cache "{root}/cache";\n'
            f'APT::Architecture "{architecture}";\nAPT::Architectures {{ "{architecture}"; }};\n'
            'APT::Sandbox::User "";\nAcquire::Languages "none";\n'
            # A mirror may lag behind the date that the archive promises; signatures stay checked.
            'Acquire::Check-Valid-Until "false";\n'
        )

    def run(self, *command: str) -> str:
        """Run an apt command and return its output.

        Raises:
            UpdateError: The tool is missing, or it failed; the message ends with its last error.
        """
        if shutil.which(command[0]) is None:
            raise UpdateError(f"{command[0]} is not on this machine: re-lock on Debian or Ubuntu")
        done = subprocess.run(  # noqa: S603 - the commands are written in this file
            command,
            env={**os.environ, "APT_CONFIG": str(self._root / "apt.conf"), "LC_ALL": "C.UTF-8"},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            errors = [line for line in done.stderr.splitlines() if line.startswith("E:")]
            raise UpdateError(f"{' '.join(command[:2])}: {(errors or ['failed'])[-1]}")
        return done.stdout

    def update(self) -> None:
        """Fetch the signed indexes."""
        self.run("apt-get", "-qq", "--error-on=any", "update")

    def newest(self, name: str) -> Stanza | None:
        """Look up the candidate version of a package, as apt would install it."""
        try:
            found = parse_stanzas(self.run("apt-cache", "show", "--no-all-versions", name))
        except UpdateError:
            return None
        return next((stanza for stanza in found if stanza.name == name), None)

    def date(self) -> str:
        """The date of the newest index, as the archive of snapshots writes it."""
        dates = [
            parsedate_to_datetime(line.removeprefix("Date: "))
            for release in (self._root / "lists").glob("*_InRelease")
            for line in release.read_text().splitlines()
            if line.startswith("Date: ")
        ]
        return max(dates).strftime("%Y%m%dT%H%M%SZ")


def machine_mirror() -> str:
    """The address of Debian's archive: the setting, else what the machine's apt uses.

    Raises:
        UpdateError: Neither names one.
    """
    setting = os.environ.get("GRANARY_DEBIAN_MIRROR")
    if setting:
        return setting.rstrip("/")
    if shutil.which("apt-get") is None:
        raise UpdateError("apt-get is not on this machine: re-lock on Debian or Ubuntu")
    listed = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(REPO_URI)"],  # noqa: S607
        capture_output=True,
        text=True,
        check=False,
    )
    for line in listed.stdout.splitlines():
        if line.rstrip("/").endswith("/debian"):
            return line.rstrip("/")
    raise UpdateError(
        "no Debian archive among this machine's apt sources: set GRANARY_DEBIAN_MIRROR"
    )


def lock(wanted: Wanted, mirror: str) -> dict[str, object]:
    """Resolve every architecture and return the lock's content."""
    packages: list[dict[str, object]] = []
    dates: list[str] = []
    for architecture in wanted.architectures:
        with tempfile.TemporaryDirectory(prefix="granary-relock-") as folder:
            apt = Apt(Path(folder), architecture, wanted.codename, mirror)
            apt.update()
            dates.append(apt.date())
            for group, stanzas in resolve(wanted, apt.newest).items():
                packages += [_entry(architecture, group, stanza) for stanza in stanzas]
    return {
        "comment": "Written by `bazel run //tools/build/debian:update`; do not edit.",
        "packages_toml_sha256": wanted.sha256,
        "codename": wanted.codename,
        "snapshot": max(dates),
        "packages": packages,
    }


def _entry(architecture: str, group: str, stanza: Stanza) -> dict[str, object]:
    # Only the security archive has pool/updates/.
    security = stanza.path.startswith("pool/updates/")
    return {
        "architecture": architecture,
        "group": group,
        "name": stanza.name,
        "version": stanza.version,
        "archive": "debian-security" if security else "debian",
        "path": stanza.path,
        "sha256": stanza.sha256,
        "size": stanza.size,
        "depends": stanza.depends,
    }


def main() -> int:
    """Write the locks in the workspace that `bazel run` was called in."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument(
        "--workspace", type=Path, default=Path(os.environ.get("BUILD_WORKSPACE_DIRECTORY", "."))
    )
    parser.add_argument("--only", choices=_LOCKS, help="the one to re-lock; by default all are")
    arguments = parser.parse_args()
    try:
        mirror = machine_mirror()
        contents = {
            target: lock(Wanted.read(arguments.workspace / packages), mirror)
            for name, (packages, target) in _LOCKS.items()
            if arguments.only in (None, name)
        }
    except UpdateError as error:
        sys.stderr.write(f"update: {error}\n")
        return 1
    for target, content in contents.items():
        (arguments.workspace / target).write_text(json.dumps(content, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
