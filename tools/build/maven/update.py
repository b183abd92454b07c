"""Re-lock the Maven artifacts: artifacts.toml -> maven.lock.json.

Maven itself resolves the versions, with the machine's own settings and mirrors; the lock keeps
coordinates, hashes and sizes, and no addresses. It is plain Python 3.11 with nothing installed, so
that it also runs outside Bazel, where Maven may be: `python3 tools/build/maven/update.py`.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import TypedDict
from xml.sax.saxutils import escape

FOLDER = Path("tools/build/maven")
INPUT = "artifacts.toml"
LOCK = "maven.lock.json"
DEPENDENCY_PLUGIN = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1"


class UpdateError(Exception):
    """The lock cannot be made; the message is one line that says why and what to do."""


class Request(TypedDict):
    """One table of artifacts.toml."""

    artifacts: list[str]
    exclusions: list[str]


class LockedFile(TypedDict):
    """One jar. Coordinates read group:artifact:version[:classifier]."""

    coordinates: str
    sha256: str
    size: int


class LockedRepository(TypedDict):
    """One Bazel repository: its files, and what they were resolved from."""

    made_from: Request
    files: list[LockedFile]


def read_requests(path: Path) -> dict[str, Request]:
    """Return the tables of artifacts.toml, checked.

    Raises:
        UpdateError: a table has another key, or coordinates of another form.
    """
    requests: dict[str, Request] = {}
    for name, table in tomllib.loads(path.read_text(encoding="utf-8")).items():
        if unknown := set(table) - {"artifacts", "exclusions"}:
            raise UpdateError(f"{path.name}: [{name}] has the unknown key {unknown.pop()!r}")
        request = Request(
            artifacts=list(table.get("artifacts", [])), exclusions=list(table.get("exclusions", []))
        )
        for kind, parts in (("artifacts", 3), ("exclusions", 2)):
            for coordinates in request[kind]:  # type: ignore[literal-required]
                if len(coordinates.split(":")) != parts or not all(coordinates.split(":")):
                    form = ":".join(("group", "artifact", "version")[:parts])
                    raise UpdateError(
                        f"{path.name}: [{name}] {kind}: {coordinates!r} is not {form}"
                    )
        requests[name] = request
    return requests


def lock(request: Request) -> LockedRepository:
    """Resolve one table with Maven.

    Raises:
        UpdateError: Maven is missing or cannot resolve the table.
    """
    maven = shutil.which("mvn")
    if maven is None:
        raise UpdateError(
            "mvn is missing: install Maven, or, where Bazel runs apart from the machine's own "
            f"tools, run this outside of it: python3 {FOLDER}/update.py"
        )
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        (folder / "pom.xml").write_text(project(request), encoding="utf-8")
        finished = subprocess.run(  # noqa: S603
            [
                maven,
                "--batch-mode",
                "--quiet",
                f"{DEPENDENCY_PLUGIN}:copy-dependencies",
                "-DincludeScope=runtime",
                "-Dmdep.useRepositoryLayout=true",
                "-DoutputDirectory=files",
            ],
            cwd=folder,
            check=False,
            capture_output=True,
            text=True,
        )
        if finished.returncode != 0:
            errors = [line for line in finished.stdout.splitlines() if line.startswith("[ERROR]")]
            reason = errors[0] if errors else finished.stderr.strip() or "no message"
            raise UpdateError(f"Maven cannot resolve the artifacts: {reason}")
        files = [
            locked_file(path, folder / "files")
            for path in (folder / "files").rglob("*")
            # Maven's own notes lie between the artifacts.
            if path.is_file() and path.name.startswith(f"{path.parts[-3]}-{path.parts[-2]}")
        ]
    files.sort(key=lambda file: file["coordinates"])
    return LockedRepository(made_from=request, files=files)


def project(request: Request) -> str:
    """Return a Maven project that depends on the artifacts of a table and nothing else."""
    exclusions = "".join(
        "<exclusion><groupId>{}</groupId><artifactId>{}</artifactId></exclusion>".format(
            *map(escape, coordinates.split(":"))
        )
        for coordinates in request["exclusions"]
    )
    dependencies = "".join(
        "<dependency><groupId>{}</groupId><artifactId>{}</artifactId><version>{}</version>".format(
            *map(escape, coordinates.split(":"))
        )
        + f"<exclusions>{exclusions}</exclusions></dependency>"
        for coordinates in request["artifacts"]
    )
    return (
        "<project><modelVersion>4.0.0</modelVersion>"
        "<groupId>granary</groupId><artifactId>lock</artifactId><version>1</version>"
        f"<dependencies>{dependencies}</dependencies></project>\n"
    )


def locked_file(path: Path, root: Path) -> LockedFile:
    """Describe a jar of a folder in the layout of a Maven repository.

    Raises:
        UpdateError: it is of another kind.
    """
    *group, artifact, version, name = path.relative_to(root).parts
    rest = name.removeprefix(f"{artifact}-{version}")
    coordinates = ":".join([".".join(group), artifact, version])
    if not rest.endswith(".jar"):
        raise UpdateError(f"{coordinates} is not a jar ({name}): list it under exclusions")
    if classifier := rest.removesuffix(".jar"):
        coordinates += ":" + classifier.removeprefix("-")
    content = path.read_bytes()
    return LockedFile(
        coordinates=coordinates, sha256=hashlib.sha256(content).hexdigest(), size=len(content)
    )


def main(arguments: list[str]) -> None:
    """Write the lock beside its input, in the checkout that the command was called from."""
    parser = argparse.ArgumentParser(prog="update", description=(__doc__ or "").splitlines()[0])
    parser.parse_args(arguments)
    checkout = os.environ.get("BUILD_WORKSPACE_DIRECTORY")
    folder = Path(checkout) / FOLDER if checkout else Path(__file__).resolve().parent
    locked = {name: lock(request) for name, request in read_requests(folder / INPUT).items()}
    text = json.dumps(locked, indent=2, sort_keys=True) + "\n"
    (folder / LOCK).write_text(text, encoding="utf-8")
    count = sum(len(repository["files"]) for repository in locked.values())
    print(f"{FOLDER / LOCK}: {count} files")


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except UpdateError as error:
        sys.exit(f"update: {error}")
