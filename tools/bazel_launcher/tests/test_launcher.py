"""tools/bazel chooses a way to get Bazel, and says in one line why it cannot."""

import hashlib
import http.server
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

EXIT_LOCAL_ENVIRONMENT = 36


class Checkout:
    """A copy of the workspace's tools, with an empty cache and a scripted Bazel."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.cache = folder / "cache"
        self.tools = folder / "workspace/tools"
        for name in ("bazel_launcher", "registry_only"):
            shutil.copytree(Path("tools", name), self.tools / name)
        shutil.copy("tools/bazel", self.tools / "bazel")
        shutil.copy(".bazelversion", self.tools.parent)
        self.bazel = folder / "bazel-real"
        self.bazel.write_text('#!/bin/sh\necho "real Bazel: $*"\n')
        self.bazel.chmod(0o755)

    def call(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        environment = {
            "PATH": os.defpath,
            "HOME": str(self.folder),
            "GRANARY_CACHE_DIR": str(self.cache),
            # Nothing listens on port 1: the Bazel Central Registry is away.
            "GRANARY_BAZEL_REGISTRY": "http://127.0.0.1:1",
            **variables,
        }
        return subprocess.run(
            [self.tools / "bazel", *arguments],
            check=False,
            capture_output=True,
            text=True,
            env=environment,
        )


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


@pytest.fixture
def web(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """An HTTP server on loopback: its address and the folder that it serves."""
    folder = tmp_path / "web"
    folder.mkdir()

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args: object) -> None:
            super().__init__(*args, directory=str(folder))  # type: ignore[arg-type]

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet) as server:
        threading.Thread(target=server.serve_forever).start()
        yield f"http://127.0.0.1:{server.server_port}", folder
        server.shutdown()


def assert_refused(done: subprocess.CompletedProcess[str], reason: str) -> None:
    assert done.returncode == EXIT_LOCAL_ENVIRONMENT
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("tools/bazel: ")
    assert reason in done.stderr


def test_unknown_way_is_refused(checkout: Checkout) -> None:
    assert_refused(checkout.call("info", GRANARY_BAZEL="fast"), "'fast'; it takes one of: registry")


def test_forced_registry_way_runs_bazelisks_bazel(checkout: Checkout) -> None:
    done = checkout.call("test", "//...", GRANARY_BAZEL="registry", BAZEL_REAL=str(checkout.bazel))
    assert (done.returncode, done.stdout) == (0, "real Bazel: test //...\n")


def test_answering_registry_is_chosen_and_remembered(
    checkout: Checkout, web: tuple[str, Path]
) -> None:
    address, folder = web
    (folder / "bazel_registry.json").write_text("{}")
    real = str(checkout.bazel)
    first = checkout.call("info", GRANARY_BAZEL_REGISTRY=address, BAZEL_REAL=real)
    later = checkout.call("info", BAZEL_REAL=real)
    assert first.stdout == later.stdout == "real Bazel: info\n"


def test_captive_portal_is_no_registry(checkout: Checkout, web: tuple[str, Path]) -> None:
    address, folder = web
    (folder / "bazel_registry.json").write_text("<html>Please log in</html>")
    checkout.call("info", GRANARY_BAZEL_REGISTRY=address, PATH="/nowhere")
    assert (checkout.cache / "registry-answers").read_text() == "no"


def test_registry_only_way_names_missing_tools(checkout: Checkout) -> None:
    assert_refused(checkout.call("info", PATH="/nowhere"), "apt-get, apt-config, dpkg, dpkg-deb")


def test_without_the_registry_only_folder_the_registry_way_is_left(checkout: Checkout) -> None:
    shutil.rmtree(checkout.tools / "registry_only")
    done = checkout.call("info", BAZEL_REAL=str(checkout.bazel))
    assert done.stdout == "real Bazel: info\n"
    assert_refused(checkout.call("info", GRANARY_BAZEL="registry-only"), "registry_only is gone")


def publish(folder: Path, content: bytes, digest: str) -> None:
    version = Path(".bazelversion").read_text().strip()
    machine = {"x86_64": "x86_64", "aarch64": "arm64"}[os.uname().machine]
    release = folder / version / "release"
    release.mkdir(parents=True)
    (release / f"bazel-{version}-linux-{machine}").write_bytes(content)
    (release / f"bazel-{version}-linux-{machine}.sha256").write_text(f"{digest}  bazel\n")


def test_without_bazelisk_bazel_is_downloaded_once(
    checkout: Checkout, web: tuple[str, Path]
) -> None:
    address, folder = web
    content = b"#!/bin/sh\necho downloaded $*\n"
    publish(folder, content, hashlib.sha256(content).hexdigest())
    first = checkout.call("info", GRANARY_BAZEL="registry", GRANARY_BAZEL_RELEASES=address)
    again = checkout.call("info", GRANARY_BAZEL="registry", GRANARY_BAZEL_RELEASES="http://nowhere")
    assert first.stdout == again.stdout == "downloaded info\n"


def test_download_with_another_hash_is_refused_and_not_kept(
    checkout: Checkout, web: tuple[str, Path]
) -> None:
    address, folder = web
    publish(folder, b"tampered", "0" * 64)
    done = checkout.call("info", GRANARY_BAZEL="registry", GRANARY_BAZEL_RELEASES=address)
    assert done.returncode == EXIT_LOCAL_ENVIRONMENT
    assert "does not have the published SHA-256" in done.stderr
    assert not (checkout.cache / "bazel").exists()
