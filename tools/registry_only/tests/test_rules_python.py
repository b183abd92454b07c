"""The stand-in for rules_python, seen through Bazel itself."""

import hashlib
import http.server
import os
import shutil
import subprocess
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

# An override of a module that nothing depends on is an error, so all of them stand here.
MODULE = """
bazel_dep(name = "rules_oci", version = "2.3.0")
bazel_dep(name = "rules_pkg", version = "1.3.0")
bazel_dep(name = "rules_shell", version = "0.8.0")
bazel_dep(name = "rules_python", version = "2.3.2")
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

BUILD = """
load("@rules_python//python:defs.bzl", "py_test")
py_test(name = "demo_test", srcs = ["demo_test.py"], deps = ["@pip//demo_pkg"])
"""

WHEEL = "demo_pkg-1.0-py3-none-any.whl"


class Workspace:
    """A workspace in the registry-only way, whose package index is a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "workspace"
        self.index = folder / "index"
        self._user_root = folder / "bazel"
        self.url = ""
        shutil.copytree("tools/registry_only", self.folder / "tools/registry_only")
        (self.folder / ".bazelrc").write_text(
            "import %workspace%/tools/registry_only/bazelrc\n"
            "common --config=registry-only --noenable_workspace\n"
        )
        (self.folder / ".bazelignore").write_text("tools\n")
        self.write("demo_test.py", "import demo_pkg\nassert demo_pkg.VALUE == 42\n")
        self.publish()

    def write(self, name: str, content: str) -> None:
        (self.folder / name).write_text(content)

    def publish(self) -> None:
        """Put a wheel into the index and pin it."""
        page = self.index / "demo-pkg"
        page.mkdir(parents=True)
        with zipfile.ZipFile(page / WHEEL, "w") as archive:
            archive.writestr("demo_pkg/__init__.py", "VALUE = 42\n")
            archive.writestr(
                "demo_pkg-1.0.dist-info/METADATA",
                "Metadata-Version: 2.1\nName: demo-pkg\nVersion: 1.0\n",
            )
        digest = hashlib.sha256((page / WHEEL).read_bytes()).hexdigest()
        (page / "index.html").write_text(f'<a href="{WHEEL}#sha256={digest}">demo</a>')
        self.lock = f"demo-pkg==1.0 \\\n    --hash=sha256:{digest}\n"

    def bazel(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        self_contained = [
            "/usr/bin/bazel",
            "--nosystem_rc",
            "--nohome_rc",
            "--install_base=/usr/share/bazel",
            "--trust_install_base",
            "--server_javabase=/usr/lib/jvm/jdk",
            f"--output_user_root={self._user_root}",
        ]
        command, *rest = arguments
        return subprocess.run(
            [*self_contained, command, *rest],
            cwd=self.folder,
            check=False,
            capture_output=True,
            text=True,
            env={
                "BAZEL_DEV_VERSION_OVERRIDE": "7.7.1",
                "HOME": str(self.folder),
                "PATH": os.defpath,
                "PIP_INDEX_URL": self.url,
            },
        )

    def test(self, module: str = MODULE, build: str = BUILD) -> subprocess.CompletedProcess[str]:
        self.write("MODULE.bazel", module)
        self.write("BUILD.bazel", build)
        return self.bazel("test", "//:all", "--test_output=errors")


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    workspace = Workspace(tmp_path_factory.mktemp("rules_python"))

    class Index(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args: object) -> None:
            super().__init__(*args, directory=str(workspace.index))  # type: ignore[arg-type]

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Index) as server:
        threading.Thread(target=server.serve_forever).start()
        workspace.url = f"http://127.0.0.1:{server.server_port}"
        yield workspace
        workspace.bazel("shutdown")
        server.shutdown()


@pytest.fixture
def workspace(shared: Workspace) -> Workspace:
    shared.write("requirements_lock.txt", shared.lock)
    return shared


def test_a_pinned_wheel_is_imported(workspace: Workspace) -> None:
    done = workspace.test()
    assert done.returncode == 0, done.stderr


def test_a_wheel_with_other_content_than_its_hash_is_refused(workspace: Workspace) -> None:
    wheel = workspace.index / "demo-pkg" / WHEEL
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
    done = workspace.test()
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
    done = workspace.test()
    assert done.returncode != 0
    assert reason in done.stderr


def test_an_unknown_attribute_of_a_rule_is_refused(workspace: Workspace) -> None:
    done = workspace.test(build=BUILD.replace("deps =", "dependencies ="))
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
    done = workspace.test(module=MODULE.replace(known, unknown))
    assert done.returncode != 0
    assert reason in done.stderr
