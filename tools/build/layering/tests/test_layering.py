"""Libraries depend on libraries, services on libraries, and nothing shipped on the tools."""

from pathlib import Path

import pytest

DEPENDENCIES = {
    path.name.removesuffix("_deps.txt"): path.read_text(encoding="utf-8").split()
    for path in Path("tools/build/layering").glob("*_deps.txt")
}


def folders(name: str) -> set[str]:
    """The folders of this workspace, to two levels, that a target's dependencies are in."""
    own = [label for label in DEPENDENCIES[name] if label.startswith("//")]
    return {"/".join(label.removeprefix("//").partition(":")[0].split("/")[:2]) for label in own}


def test_every_lib_and_service_is_looked_at() -> None:
    assert {"dynamo", "order_api", "order_processor", "service_kit"} == set(DEPENDENCIES)
    assert all(len(labels) > 10 for labels in DEPENDENCIES.values())


@pytest.mark.parametrize("lib", ["dynamo", "service_kit"])
def test_a_lib_depends_on_libs_alone(lib: str) -> None:
    assert {folder for folder in folders(lib) if not folder.startswith("libs/")} == set()


@pytest.mark.parametrize("service", ["order_api", "order_processor"])
def test_a_service_depends_on_itself_and_libs_alone(service: str) -> None:
    others = {folder for folder in folders(service) if not folder.startswith("libs/")}
    assert {f"services/{service}"} == others
