"""Read pnpm-lock.yaml for the npm extension.

Usage:
    lock.py PNPM_LOCK PNPM_WORKSPACE

It prints what Bazel needs of the lock as JSON: which package each importer links, and of each
package its hash, what it depends on directly (`deps`, by alias) and in all (`closure`). Packages
for other systems than Linux with glibc on x86_64 are left out.
"""

import json
import re
import sys
from pathlib import Path
from typing import Any

import yaml

VERSION = "9.0"
SYSTEM = {"os": "linux", "cpu": "x64", "libc": "glibc"}
# Settings that change what is installed, and that this stand-in does not follow.
UNKNOWN_SETTINGS = (
    "allowBuilds",
    "catalog",
    "catalogs",
    "onlyBuiltDependencies",
    "patchedDependencies",
    "publicHoistPattern",
)


class LockError(Exception):
    """The lock holds something that this stand-in does not understand."""


def translated(lock: dict[str, Any], settings: dict[str, Any]) -> dict[str, Any]:
    """Return importers and packages of a lock; keys are pnpm's own, `name@version(peers)`.

    Raises:
        LockError: the lock is of another version, or asks for more than registry packages.
    """
    if lock.get("lockfileVersion") != VERSION:
        raise LockError(f"lockfileVersion is {lock.get('lockfileVersion')!r}, not {VERSION!r}")
    for origin, content in (("the lock", lock), ("pnpm-workspace.yaml", settings)):
        for name in UNKNOWN_SETTINGS:
            if content.get(name):
                raise LockError(f"{origin} has {name}, which this stand-in does not know")
    packages = {}
    for key, snapshot in lock["snapshots"].items():
        if package := _package(key, snapshot or {}, lock["packages"]):
            packages[key] = package
    for package in packages.values():
        # What is left out is always optional: pnpm refuses a lock without what is needed.
        package["deps"] = {alias: key for alias, key in package["deps"].items() if key in packages}
    for key, package in packages.items():
        package["closure"] = sorted(_closure(key, packages))
    importers = {
        "" if folder == "." else folder: _importer(folder, importer, packages)
        for folder, importer in lock["importers"].items()
    }
    return {"importers": importers, "packages": packages}


def _package(
    key: str, snapshot: dict[str, Any], descriptions: dict[str, Any]
) -> dict[str, Any] | None:
    """Return what is known of one package, or None if it is for another system."""
    name_and_version = key.partition("(")[0]
    name, _, version = name_and_version.rpartition("@")
    description = descriptions[name_and_version]
    for attribute, ours in SYSTEM.items():
        wanted = description.get(attribute, [])
        if f"!{ours}" in wanted:
            return None
        if wanted and ours not in wanted and not all(item.startswith("!") for item in wanted):
            return None
    resolution = description["resolution"]
    if resolution.keys() != {"integrity"} or not resolution["integrity"].startswith("sha512-"):
        raise LockError(f"{key}: the resolution is {resolution}, not an sha512 integrity alone")
    dependencies = {
        **snapshot.get("dependencies", {}),
        **snapshot.get("optionalDependencies", {}),
    }
    return {
        "name": name,
        "version": version,
        "integrity": resolution["integrity"],
        "has_bin": description.get("hasBin", False),
        "repository": repository_name(name_and_version),
        "store": store_name(key),
        "deps": {alias: _reference(alias, value) for alias, value in dependencies.items()},
    }


def _importer(folder: str, importer: dict[str, Any], packages: dict[str, Any]) -> dict[str, str]:
    """Return the key of the package behind each name that an importer's package.json has."""
    links = {}
    for section in ("dependencies", "optionalDependencies", "devDependencies"):
        for alias, entry in importer.get(section, {}).items():
            key = _reference(alias, entry["version"])
            if key in packages:
                links[alias] = key
            elif section != "optionalDependencies":
                raise LockError(f"{folder}: {alias} {entry['version']} is no package of the lock")
    return links


def _reference(alias: str, value: str) -> str:
    """Return the key that a dependency means: a version, or a name and version for an alias."""
    if ":" in value:
        raise LockError(
            f"{alias}: {value!r} comes from no registry, and this stand-in knows no other"
        )
    return value if "@" in value.partition("(")[0] else f"{alias}@{value}"


def _closure(key: str, packages: dict[str, Any]) -> set[str]:
    found: set[str] = set()
    waiting = [key]
    while waiting:
        current = waiting.pop()
        if current not in found:
            found.add(current)
            waiting += packages[current]["deps"].values()
    return found


def store_name(key: str) -> str:
    """Return the folder of a package below node_modules/.aspect_rules_js."""
    return re.sub(r"[^\w.@+-]+", "_", key.replace("/", "+")).rstrip("_")


def repository_name(name_and_version: str) -> str:
    """Return the name of the Bazel repository that holds a package."""
    return re.sub(r"[^\w.-]+", "__", name_and_version.lstrip("@"))


def main(lock: str, settings: str) -> None:
    """Print the translation of two files."""
    try:
        content = yaml.safe_load(Path(lock).read_text(encoding="utf-8"))
        workspace = yaml.safe_load(Path(settings).read_text(encoding="utf-8")) or {}
        print(json.dumps(translated(content, workspace)))
    except (yaml.YAMLError, LockError) as error:
        sys.exit(f"{lock}: {error}")
    except (AttributeError, KeyError, TypeError) as error:
        sys.exit(f"{lock}: it is not laid out as pnpm {VERSION} locks are: {error!r}")


if __name__ == "__main__":
    main(*sys.argv[1:])
