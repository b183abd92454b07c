"""The stand-in reads pnpm-lock.yaml as pnpm means it, and refuses what it does not understand."""

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

_SOURCE = Path("tools/registry_only/modules/aspect_rules_js/npm/private/lock.py")
_spec = importlib.util.spec_from_file_location("lock", _SOURCE)
assert _spec is not None and _spec.loader is not None
lock = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(lock)

HASH = "sha512-" + "A" * 86 + "=="
CONTENT = f"""
lockfileVersion: '9.0'

settings:
  autoInstallPeers: true

importers:

  .:
    devDependencies:
      '@scope/tool':
        specifier: 1.0.0
        version: 1.0.0(peer@2.0.0)
      renamed:
        specifier: npm:peer@2.0.0
        version: peer@2.0.0

  functions/demo:
    dependencies:
      peer:
        specifier: 2.0.0
        version: 2.0.0

packages:

  '@scope/tool@1.0.0':
    resolution: {{integrity: {HASH}}}
    hasBin: true
    peerDependencies:
      peer: ^2.0.0

  peer@2.0.0:
    resolution: {{integrity: {HASH}}}

  native-glibc@1.0.0:
    resolution: {{integrity: {HASH}}}
    cpu: [x64]
    os: [linux]
    libc: [glibc]

  native-musl@1.0.0:
    resolution: {{integrity: {HASH}}}
    os: [linux]
    libc: [musl]

  not-windows@1.0.0:
    resolution: {{integrity: {HASH}}}
    os: ['!win32']

  windows@1.0.0:
    resolution: {{integrity: {HASH}}}
    os: [win32]

snapshots:

  '@scope/tool@1.0.0(peer@2.0.0)':
    dependencies:
      again: peer@2.0.0
      peer: 2.0.0
    optionalDependencies:
      native-glibc: 1.0.0
      native-musl: 1.0.0
      not-windows: 1.0.0
      windows: 1.0.0

  peer@2.0.0:
    dependencies:
      '@scope/tool': 1.0.0(peer@2.0.0)

  native-glibc@1.0.0: {{}}

  native-musl@1.0.0: {{}}

  not-windows@1.0.0: {{}}

  windows@1.0.0: {{}}
"""


def translated(**changes: Any) -> dict[str, Any]:
    result: dict[str, Any] = lock.translated(yaml.safe_load(CONTENT) | changes, {})
    return result


def test_importers_link_what_their_package_json_names() -> None:
    assert translated()["importers"] == {
        "": {"@scope/tool": "@scope/tool@1.0.0(peer@2.0.0)", "renamed": "peer@2.0.0"},
        "functions/demo": {"peer": "peer@2.0.0"},
    }


def test_packages_for_other_systems_are_left_out() -> None:
    assert set(translated()["packages"]) == {
        "@scope/tool@1.0.0(peer@2.0.0)",
        "native-glibc@1.0.0",
        "not-windows@1.0.0",
        "peer@2.0.0",
    }


def test_a_package_depends_on_what_its_snapshot_names() -> None:
    tool = translated()["packages"]["@scope/tool@1.0.0(peer@2.0.0)"]
    assert tool["deps"] == {
        "again": "peer@2.0.0",
        "native-glibc": "native-glibc@1.0.0",
        "not-windows": "not-windows@1.0.0",
        "peer": "peer@2.0.0",
    }
    assert (tool["name"], tool["version"], tool["integrity"]) == ("@scope/tool", "1.0.0", HASH)
    assert (tool["store"], tool["has_bin"]) == ("@scope+tool@1.0.0_peer@2.0.0", True)


def test_packages_that_depend_on_each_other_have_each_other_in_their_closure() -> None:
    packages = translated()["packages"]
    assert packages["peer@2.0.0"]["closure"] == sorted(packages)
    assert packages["@scope/tool@1.0.0(peer@2.0.0)"]["closure"] == sorted(packages)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"lockfileVersion": "6.0"}, "lockfileVersion is '6.0', not '9.0'"),
        ({"patchedDependencies": {"peer": {}}}, "the lock has patchedDependencies"),
        ({"catalogs": {"default": {}}}, "the lock has catalogs"),
    ],
)
def test_a_lock_of_another_kind_is_refused(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(lock.LockError, match=reason):
        translated(**changes)


@pytest.mark.parametrize("setting", ["onlyBuiltDependencies", "patchedDependencies"])
def test_settings_that_change_packages_are_refused(setting: str) -> None:
    with pytest.raises(lock.LockError, match=f"pnpm-workspace.yaml has {setting}"):
        lock.translated(yaml.safe_load(CONTENT), {setting: ["peer"]})


@pytest.mark.parametrize(
    "resolution",
    [
        {"integrity": "sha1-AAAA"},
        {"integrity": HASH, "tarball": "https://registry.example/peer.tgz"},
        {"type": "directory", "directory": "peer"},
    ],
)
def test_a_package_without_a_strong_hash_alone_is_refused(resolution: dict[str, str]) -> None:
    content = yaml.safe_load(CONTENT)
    content["packages"]["peer@2.0.0"]["resolution"] = resolution
    with pytest.raises(lock.LockError, match=r"peer@2\.0\.0: the resolution is"):
        lock.translated(content, {})


@pytest.mark.parametrize("version", ["link:../peer", "file:peer", "https://files.example/peer.tgz"])
def test_a_dependency_from_elsewhere_is_refused(version: str) -> None:
    content = yaml.safe_load(CONTENT)
    content["importers"]["functions/demo"]["dependencies"]["peer"]["version"] = version
    with pytest.raises(lock.LockError, match="comes from no registry"):
        lock.translated(content, {})


def test_a_dependency_on_a_package_that_the_lock_lacks_is_refused() -> None:
    content = yaml.safe_load(CONTENT)
    content["importers"]["."]["devDependencies"]["renamed"]["version"] = "windows@1.0.0"
    with pytest.raises(lock.LockError, match=r"windows@1\.0\.0 is no package of the lock"):
        lock.translated(content, {})


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("lockfileVersion: '9.0'\n", "not laid out as pnpm 9.0 locks are"),
        ("just text", "not laid out as pnpm 9.0 locks are"),
        ("a: [", "while parsing"),
    ],
)
def test_a_file_that_is_no_lock_is_refused(tmp_path: Path, content: str, reason: str) -> None:
    (tmp_path / "lock.yaml").write_text(content)
    (tmp_path / "workspace.yaml").write_text("packages: []\n")
    with pytest.raises(SystemExit, match=reason):
        lock.main(str(tmp_path / "lock.yaml"), str(tmp_path / "workspace.yaml"))


def test_the_translation_is_printed_as_json(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "lock.yaml").write_text(CONTENT)
    (tmp_path / "workspace.yaml").write_text("")
    lock.main(str(tmp_path / "lock.yaml"), str(tmp_path / "workspace.yaml"))
    assert json.loads(capsys.readouterr().out) == translated()
