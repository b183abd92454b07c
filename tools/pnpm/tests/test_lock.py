"""pnpm-lock.yaml agrees with every package.json, without asking the network."""

import copy
import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

SECTIONS = ("dependencies", "devDependencies", "optionalDependencies")
UPDATE = "bazel run //:pnpm.update"

LOCK = yaml.safe_load(Path("pnpm-lock.yaml").read_text(encoding="utf-8"))
SETTINGS = yaml.safe_load(Path("pnpm-workspace.yaml").read_text(encoding="utf-8"))
# Every importer that BUILD.bazel names; one more in the workspace fails below.
MANIFESTS = {
    str(path.parent): json.loads(path.read_text(encoding="utf-8"))
    for path in Path().rglob("package.json")
    if "node_modules" not in path.parts
}


def differences(
    lock: dict[str, Any], settings: dict[str, Any], manifests: dict[str, Any]
) -> list[str]:
    """Say in which ways a lock is not what pnpm would make of these files."""
    found = []
    if lock.get("overrides", {}) != settings.get("overrides", {}):
        found.append("overrides of pnpm-workspace.yaml")
    for folder in lock["importers"].keys() ^ manifests.keys():
        found.append(f"{folder}: in the lock or in tools/pnpm/BUILD.bazel, but not in both")
    for folder in lock["importers"].keys() & manifests.keys():
        importer, manifest = lock["importers"][folder], manifests[folder]
        for section in SECTIONS:
            locked = {name: pin["specifier"] for name, pin in importer.get(section, {}).items()}
            wanted = manifest.get(section, {})
            found += [
                f"{folder}: {section}: {name}"
                for name in sorted(locked.keys() | wanted.keys())
                if locked.get(name) != wanted.get(name)
            ]
    return found


def pins(lock: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Return importer, package and pinned version of every direct dependency."""
    return [
        (folder, name, pin["version"].partition("(")[0])
        for folder, importer in lock["importers"].items()
        for section in SECTIONS
        for name, pin in importer.get(section, {}).items()
    ]


def test_lock_was_made_from_these_files() -> None:
    assert differences(LOCK, SETTINGS, MANIFESTS) == [], f"the lock is out of date: {UPDATE}"


@pytest.mark.parametrize(("folder", "name", "version"), pins(LOCK))
def test_every_direct_dependency_is_exact_and_is_what_the_lock_pins(
    folder: str, name: str, version: str
) -> None:
    manifest = MANIFESTS[folder]
    wanted = next(
        manifest[section][name] for section in SECTIONS if name in manifest.get(section, {})
    )
    assert wanted == version, f"{folder}/package.json: write the exact version, then {UPDATE}"


def test_every_package_is_pinned_by_hash_and_none_by_address() -> None:
    assert LOCK["packages"]
    for name, package in LOCK["packages"].items():
        assert package["resolution"].keys() == {"integrity"}, name
        assert package["resolution"]["integrity"].startswith("sha512-"), name


def test_every_workspace_package_is_private_and_has_es_modules() -> None:
    for folder, manifest in MANIFESTS.items():
        assert (manifest["private"], manifest["type"]) == (True, "module"), folder


def test_bazel_looks_into_no_importers_node_modules() -> None:
    ignored = set(Path(".bazelignore").read_text(encoding="utf-8").split())
    assert ignored >= {str(Path(folder) / "node_modules") for folder in LOCK["importers"]}


def test_a_package_that_runs_an_install_script_needs_no_leave() -> None:
    assert SETTINGS["onlyBuiltDependencies"] == []


@pytest.mark.parametrize("section", ["devDependencies", "dependencies"])
def test_a_dependency_that_the_lock_lacks_is_a_difference(section: str) -> None:
    manifests = copy.deepcopy(MANIFESTS)
    manifests["."].setdefault(section, {})["left-pad"] = "1.3.0"
    assert differences(LOCK, SETTINGS, manifests) == [f".: {section}: left-pad"]


def test_another_version_is_a_difference() -> None:
    manifests = copy.deepcopy(MANIFESTS)
    manifests["."]["devDependencies"]["typescript"] = "^5.0.0"
    assert differences(LOCK, SETTINGS, manifests) == [".: devDependencies: typescript"]


def test_another_override_is_a_difference() -> None:
    settings = {**SETTINGS, "overrides": {"ajv": "8.0.0"}}
    assert differences(LOCK, settings, MANIFESTS) == ["overrides of pnpm-workspace.yaml"]


def test_an_importer_that_the_lock_lacks_is_a_difference() -> None:
    (found,) = differences(LOCK, SETTINGS, {**MANIFESTS, "functions/new": {}})
    assert re.match("functions/new: ", found)
