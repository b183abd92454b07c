"""The settings of this way name every stand-in, and keep their packages out of the workspace."""

import re
from pathlib import Path

FOLDER = Path("tools/registry_only")
SETTINGS = (FOLDER / "bazelrc").read_text(encoding="utf-8")


def test_every_package_of_a_stand_in_is_none_of_the_workspace() -> None:
    packages = {str(path.parent) for path in (FOLDER / "modules").rglob("BUILD.bazel")}
    assert packages
    assert set(re.findall(r"^common --deleted_packages=(\S+)$", SETTINGS, re.M)) == packages


def test_every_stand_in_replaces_its_module() -> None:
    modules = {path.parent.name: path.parent for path in FOLDER.rglob("modules/**/MODULE.bazel")}
    overrides = dict(re.findall(r"--override_module=(\w+)=%workspace%/(\S+)$", SETTINGS, re.M))
    assert overrides == {name: str(folder) for name, folder in modules.items()}
