"""What went into a bundle: the function's own modules and packages that it needs, no others."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

# As aspect_rules_js lays packages out: NAME@VERSION with + for / in the name of the folder.
_PACKAGE = re.compile(r"node_modules/\.aspect_rules_js/([^/]+)/node_modules/")
# NAME@VERSION. What was resolved beside others says so behind it: (ajv@8.20.0), or _ajv@8.20.0.
_KEY = re.compile(r"@?[^@]+@[^@(_]+")


class LockError(Exception):
    """The lock does not have what is looked for."""


def runtime_packages(lock: Mapping[str, Any], importer: str) -> set[str]:
    """Return what an importer's `dependencies` are and need, as `name@version`.

    Args:
        lock: pnpm-lock.yaml, version 9.
        importer: the folder of a package.json, relative to the lock's.

    Raises:
        LockError: the lock has no such importer, or lacks a package that is needed.
    """
    if importer not in lock["importers"]:
        raise LockError(f"pnpm-lock.yaml has no importer {importer!r}: run //:pnpm.update")
    direct = lock["importers"][importer].get("dependencies") or {}
    waiting = [f"{name}@{package['version']}" for name, package in direct.items()]
    found: set[str] = set()
    while waiting:
        key = waiting.pop()
        if key in found:
            continue
        found.add(key)
        if key not in lock["snapshots"]:
            raise LockError(f"pnpm-lock.yaml lacks {key}")
        needs = lock["snapshots"][key] or {}
        for name, version in {
            **(needs.get("dependencies") or {}),
            **(needs.get("optionalDependencies") or {}),
        }.items():
            waiting.append(f"{name}@{version}")
    return {_plain(key) for key in found}


def _plain(key: str) -> str:
    found = _KEY.match(key)
    return found[0] if found else key


def strangers(inputs: Mapping[str, Any], allowed: set[str]) -> Iterator[str]:
    """Yield a sentence for each input of a bundle that is not meant to ship.

    Args:
        inputs: esbuild's `inputs`, by path.
        allowed: packages, as `name@version`.
    """
    packages = set()
    for path in inputs:
        found = _PACKAGE.search(path)
        if found:
            packages.add(_plain(found[1].replace("+", "/")))
        elif _is_test(PurePosixPath(path)):
            yield f"{path} is a test's"
        elif "node_modules" in path or path.startswith(("/", "..")):
            yield f"{path} comes from outside the build"
    for package in sorted(packages - allowed):
        yield f"{package} is not among the function's dependencies: add it, or do not import it"


def _is_test(path: PurePosixPath) -> bool:
    return "tests" in path.parts[:-1] or ".test." in path.name
