"""The lock is complete in itself, the same on every architecture, and made of packages.toml."""

import hashlib
import json
import os
import re
import tomllib
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from tools.build.debian.control import alternatives

PACKAGES = Path(os.environ["PACKAGES"])
WANTED: dict[str, Any] = tomllib.loads(PACKAGES.read_text())
LOCK: dict[str, Any] = json.loads(Path(os.environ["LOCK"]).read_text())
ENTRIES: list[dict[str, Any]] = LOCK["packages"]
RELOCK = "run `tools/bazel run //tools/build/debian:update`"


def names(architecture: str) -> set[str]:
    return {entry["name"] for entry in ENTRIES if entry["architecture"] == architecture}


def test_the_lock_is_made_of_packages_toml() -> None:
    assert hashlib.sha256(PACKAGES.read_bytes()).hexdigest() == LOCK["packages_toml_sha256"], RELOCK


@pytest.mark.parametrize("architecture", WANTED["architectures"])
def test_every_wanted_package_is_locked(architecture: str) -> None:
    for group, wanted in WANTED["groups"].items():
        locked = {
            e["name"] for e in ENTRIES if e["architecture"] == architecture and e["group"] == group
        }
        assert set(wanted) <= locked, RELOCK


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda e: f"{e['name']}-{e['architecture']}")
def test_every_dependency_is_locked_or_excluded_by_name(entry: dict[str, Any]) -> None:
    present = names(entry["architecture"]) | set(WANTED["excluded"])
    for dependency in entry["depends"]:
        assert present & set(alternatives(dependency)), f"{entry['name']} depends on {dependency}"


def test_exact_versions_fit_together() -> None:
    versions = {(e["architecture"], e["name"]): e["version"] for e in ENTRIES}
    for entry in ENTRIES:
        for dependency in entry["depends"]:
            if match := re.fullmatch(r"(\S+) \(= (.+)\)", dependency):
                assert versions[entry["architecture"], match[1]] == match[2]


def test_the_architectures_have_the_same_packages_in_the_same_versions() -> None:
    seen = defaultdict(set)
    for entry in ENTRIES:
        seen[entry["architecture"]].add((entry["group"], entry["name"], entry["version"]))
    assert set(WANTED["architectures"]) == set(seen)
    assert len({frozenset(packages) for packages in seen.values()}) == 1


def test_nothing_excluded_is_locked() -> None:
    assert not names("amd64") & set(WANTED["excluded"])


def test_every_exclusion_is_used_and_gives_a_reason() -> None:
    depended = {n for e in ENTRIES for d in e["depends"] for n in alternatives(d)}
    for name, reason in WANTED["excluded"].items():
        assert name in depended, f"nothing depends on {name}"
        assert len(reason) > 20


def test_the_lock_has_no_addresses() -> None:
    assert "://" not in json.dumps(LOCK)
    for entry in ENTRIES:
        assert re.fullmatch(r"pool/[\w./+~%-]+\.deb", entry["path"])
        assert re.fullmatch(r"[0-9a-f]{64}", entry["sha256"])
        assert entry["archive"] in ("debian", "debian-security")
