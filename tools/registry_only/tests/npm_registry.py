"""A registry of npm packages made of files, and locks that pin them."""

import base64
import hashlib
import io
import json
import tarfile
from collections.abc import Mapping
from pathlib import Path


class Registry:
    """Puts packages into a folder where npm looks for them, and keeps their hashes."""

    def __init__(self, served: Path) -> None:
        self._served = served
        self.integrities: dict[str, str] = {}

    def publish(self, name: str, version: str, files: Mapping[str, str | bytes]) -> None:
        """Publish a package of these files."""
        folder = self._served / name / "-"
        folder.mkdir(parents=True)
        tarball = folder / f"{name.rpartition('/')[2]}-{version}.tgz"
        with tarfile.open(tarball, "w:gz", compresslevel=1) as archive:
            for path, content in files.items():
                data = content if isinstance(content, bytes) else content.encode()
                entry = tarfile.TarInfo(f"package/{path}")
                entry.size = len(data)
                archive.addfile(entry, io.BytesIO(data))
        digest = hashlib.sha512(tarball.read_bytes()).digest()
        self.integrities[f"{name}@{version}"] = f"sha512-{base64.b64encode(digest).decode()}"

    def publish_installed(self, name: str, folder: Path) -> None:
        """Publish a package of this workspace once more."""
        version = json.loads((folder / "package.json").read_bytes())["version"]
        files = {
            str(path.relative_to(folder)): path.read_bytes()
            for path in folder.rglob("*")
            if path.is_file()
        }
        self.publish(name, version, files)


def lock(integrities: Mapping[str, str], depends_on: Mapping[str, list[str]], programs: str) -> str:
    """Return a pnpm-lock.yaml whose one importer links what no other package depends on.

    Args:
        integrities: by name@version.
        depends_on: names of packages, by the name of what depends on them.
        programs: the name of the package that brings programs.
    """
    versions = {name: version for name, _, version in (key.rpartition("@") for key in integrities)}
    inner = {name for names in depends_on.values() for name in names}
    importer = {
        name: {"specifier": version, "version": version}
        for name, version in versions.items()
        if name not in inner
    }
    content = {
        "lockfileVersion": "9.0",
        "importers": {".": {"devDependencies": importer}},
        "packages": {
            key: {"resolution": {"integrity": value}, "hasBin": key.startswith(f"{programs}@")}
            for key, value in integrities.items()
        },
        "snapshots": {
            f"{name}@{version}": {
                "dependencies": {other: versions[other] for other in depends_on.get(name, [])}
            }
            for name, version in versions.items()
        },
    }
    return json.dumps(content)  # which is YAML
