"""`:push` end to end, against a registry on loopback: what it pushes, prints and refuses."""

import os
import socket
import subprocess
from pathlib import Path

import pytest

from tools.build.image.layout import Image
from tools.build.image.tests.registry import running

REPOSITORY = "granary/greeter"


def push(*arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [
            os.environ["PUSH"],
            f"--repository={REPOSITORY}",
            f"--digest-file={os.environ['DIGEST']}",
            f"--pusher={os.environ['PUSHER']}",
            *arguments,
        ],
        capture_output=True,
        text=True,
        check=False,
        # crane looks for credentials under HOME.
        env={**os.environ, "HOME": os.environ["TEST_TMPDIR"], **env},
    )


def assert_refused(done: subprocess.CompletedProcess[str], code: int, *parts: str) -> None:
    """One line on stderr with all of `parts`, nothing on stdout."""
    assert code == done.returncode, done.stderr
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1, done.stderr
    for part in parts:
        assert part in done.stderr


def test_the_image_arrives_under_its_digest_and_its_tags() -> None:
    image = Image.read(Path(os.environ["IMAGE"]))
    with running() as registry:
        done = push("--registry", registry.address, "--tag", "v1.2.3", "--tag", "latest")
        assert done.returncode == 0, done.stderr
        assert done.stdout == f"{registry.address}/{REPOSITORY}@{image.digest}\n"
        assert registry.tags[f"{REPOSITORY}:v1.2.3"] == image.digest
        assert registry.tags[f"{REPOSITORY}:latest"] == image.digest
        assert set(image.layer_digests) <= set(registry.content)


def test_the_registry_may_come_from_the_environment() -> None:
    with running() as registry:
        done = push(GRANARY_REGISTRY=registry.address)
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith(f"{registry.address}/{REPOSITORY}@sha256:")


def test_an_unstamped_push_makes_no_tag_by_itself() -> None:
    with running() as registry:
        assert push("--registry", registry.address).returncode == 0
        assert all("@" not in tag and ":sha256:" in tag for tag in registry.tags)


def test_a_registry_that_does_not_answer_is_one_line() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    assert_refused(push("--registry", f"127.0.0.1:{port}"), 3, f"127.0.0.1:{port}", "refused")


def test_a_registry_that_cannot_be_found_is_one_line() -> None:
    assert_refused(push("--registry", "registry.invalid:5000"), 3, "registry.invalid:5000")


def test_a_registry_that_refuses_is_one_line() -> None:
    with running(refuse=True) as registry:
        assert_refused(push("--registry", registry.address), 1, registry.address, "DENIED")


def test_no_registry_is_one_line_that_names_both_ways_to_give_one() -> None:
    assert_refused(push(GRANARY_REGISTRY=""), 2, "--registry", "GRANARY_REGISTRY")


@pytest.mark.parametrize(
    "registry", ["http://127.0.0.1:5000", "127.0.0.1:5000/path", "127.0.0.1:99999", "a b"]
)
def test_a_malformed_registry_is_named(registry: str) -> None:
    assert_refused(push("--registry", registry), 2, repr(registry))


def test_a_malformed_tag_is_named() -> None:
    assert_refused(push("--registry", "127.0.0.1:1", "--tag", "a b"), 2, "'a b'")
