"""Libs depend on libs, services and functions on libs, and nothing shipped on the tools."""

from pathlib import Path

import pytest

# What each lib is built on, itself apart.
LIBS: dict[str, set[str]] = {
    "aws": {"http_client"},
    "contracts": set(),
    "cursors": set(),
    "dynamo": {"aws", "http_client"},
    "http_client": set(),
    "old_names": {"contracts", "service_kit"},
    "outbox": {"aws", "dynamo", "http_client", "service_kit"},
    "service_kit": set(),
}
SERVICES = ("collector", "data_processor", "model_service", "order_api", "order_processor")
FUNCTIONS = ("stock_alert",)

DEPENDENCIES = {
    path.name.removesuffix("_deps.txt"): path.read_text(encoding="utf-8").split()
    for path in Path("tools/build/layering").glob("*_deps.txt")
}


def folders(name: str) -> set[str]:
    """The folders of this workspace, to two levels, that a target's dependencies are in."""
    own = [label for label in DEPENDENCIES[name] if label.startswith("//")]
    return {"/".join(label.removeprefix("//").partition(":")[0].split("/")[:2]) for label in own}


def test_every_lib_service_and_function_is_looked_at() -> None:
    assert {*LIBS, *SERVICES, *FUNCTIONS} == set(DEPENDENCIES)
    # The smallest has itself, its module and its __init__.py.
    assert all(len(labels) >= 3 for labels in DEPENDENCIES.values())


@pytest.mark.parametrize(("lib", "below"), LIBS.items())
def test_a_lib_depends_on_the_libs_below_it_alone(lib: str, below: set[str]) -> None:
    assert {f"libs/{name}" for name in {lib, *below}} == folders(lib)


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_depends_on_itself_and_libs_alone(service: str) -> None:
    others = {folder for folder in folders(service) if not folder.startswith("libs/")}
    assert {f"services/{service}"} == others


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_depends_on_itself_and_libs_alone(function: str) -> None:
    others = {folder for folder in folders(function) if not folder.startswith("libs/")}
    assert {f"functions/{function}"} == others
