"""The stand-in for rules_python, seen through Bazel itself."""

import hashlib
import subprocess
import zipfile
from collections.abc import Iterator

import pytest

from tools.registry_only.tests.nested import DEPENDENCIES, Workspace

MODULE = (
    DEPENDENCIES
    + """
python = use_extension("@rules_python//python/extensions:python.bzl", "python")
python.toolchain(python_version = "3.13", is_default = True)
pip = use_extension("@rules_python//python/extensions:pip.bzl", "pip")
pip.parse(
    hub_name = "pip",
    python_version = "3.13",
    requirements_lock = "//:requirements_lock.txt",
    target_platforms = ["linux_x86_64", "linux_aarch64"],
)
use_repo(pip, "pip")
"""
)

BUILD = """
load("@rules_python//python:defs.bzl", "py_test")
py_test(name = "demo_test", srcs = ["demo_test.py"], deps = ["@pip//demo_pkg"])
"""

WHEEL = "demo_pkg-1.0-py3-none-any.whl"


def publish(workspace: Workspace) -> str:
    """Put a wheel into the index; return its pin."""
    page = workspace.served / "demo-pkg"
    page.mkdir()
    with zipfile.ZipFile(page / WHEEL, "w") as archive:
        archive.writestr("demo_pkg/__init__.py", "VALUE = 42\n")
        archive.writestr(
            "demo_pkg-1.0.dist-info/METADATA",
            "Metadata-Version: 2.1\nName: demo-pkg\nVersion: 1.0\n",
        )
    digest = hashlib.sha256((page / WHEEL).read_bytes()).hexdigest()
    (page / "index.html").write_text(f'<a href="{WHEEL}#sha256={digest}">demo</a>')
    return f"demo-pkg==1.0 \\\n    --hash=sha256:{digest}\n"


def outcome(
    workspace: Workspace, module: str = MODULE, build: str = BUILD
) -> subprocess.CompletedProcess[str]:
    workspace.write("MODULE.bazel", module)
    workspace.write("BUILD.bazel", build)
    return workspace.bazel("test", "//:all", "--test_output=errors")


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Workspace, str]]:
    with Workspace(tmp_path_factory.mktemp("rules_python"), "PIP_INDEX_URL") as workspace:
        workspace.write("demo_test.py", "import demo_pkg\nassert demo_pkg.VALUE == 42\n")
        yield workspace, publish(workspace)


@pytest.fixture
def workspace(shared: tuple[Workspace, str]) -> Workspace:
    workspace, lock = shared
    workspace.write("requirements_lock.txt", lock)
    return workspace


def test_a_pinned_wheel_is_imported(workspace: Workspace) -> None:
    done = outcome(workspace)
    assert done.returncode == 0, done.stderr


def test_a_wheel_with_other_content_than_its_hash_is_refused(workspace: Workspace) -> None:
    wheel = workspace.served / "demo-pkg" / WHEEL
    untouched = wheel.read_bytes()
    try:
        wheel.write_bytes(untouched + b"tampered")
        workspace.bazel("clean", "--expunge")
        done = workspace.bazel("build", "//:all", "--repository_cache=")
    finally:
        wheel.write_bytes(untouched)
    assert done.returncode != 0
    assert "Checksum was" in done.stderr


def test_a_hash_that_the_index_does_not_have_is_refused(workspace: Workspace) -> None:
    workspace.write("requirements_lock.txt", f"demo-pkg==1.0 --hash=sha256:{'0' * 64}\n")
    done = outcome(workspace)
    assert done.returncode != 0
    assert "has no wheel for Linux x86_64 that the lock names" in done.stderr


@pytest.mark.parametrize(
    ("lock", "reason"),
    [
        ("demo-pkg>=1.0\n", "is not pinned with == and --hash"),
        ("demo-pkg==1.0\n", "is not pinned with == and --hash"),
        (f"demo-pkg==1.0 --hash=md5:{'0' * 32}\n", "a hash is sha256 and 64 digits"),
        ("# nothing\n", "holds no requirement"),
    ],
)
def test_a_lock_without_hashed_pins_is_refused(
    workspace: Workspace, lock: str, reason: str
) -> None:
    workspace.write("requirements_lock.txt", lock)
    done = outcome(workspace)
    assert done.returncode != 0
    assert reason in done.stderr


def test_an_unknown_attribute_of_a_rule_is_refused(workspace: Workspace) -> None:
    done = outcome(workspace, build=BUILD.replace("deps =", "dependencies ="))
    assert done.returncode != 0
    assert "no such attribute 'dependencies'" in done.stderr


@pytest.mark.parametrize(
    ("known", "unknown", "reason"),
    [
        ("is_default = True", "configure_coverage_tool = True", "configure_coverage_tool"),
        ('hub_name = "pip"', 'hub_name = "pip", whl_modifications = {}', "whl_modifications"),
        ('"linux_aarch64"', '"osx_aarch64"', "osx_aarch64"),
        ('"3.13", is_default', '"3.12", is_default', "this stand-in has 3.13 only"),
    ],
)
def test_an_unknown_attribute_of_an_extension_is_refused(
    workspace: Workspace, known: str, unknown: str, reason: str
) -> None:
    done = outcome(workspace, module=MODULE.replace(known, unknown))
    assert done.returncode != 0
    assert reason in done.stderr
