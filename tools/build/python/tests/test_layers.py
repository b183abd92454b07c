"""What a change costs: two images whose sources differ in one line of the program."""

import os
from pathlib import Path

import pytest

from tools.build.image.layout import Image, Unpacked

BASE, INTERPRETER, THIRD_PARTY, LIBS, OWN = range(5)


@pytest.fixture(scope="module")
def before() -> Image:
    return Image.read(Path(os.environ["IMAGE"]))


@pytest.fixture(scope="module")
def after() -> Image:
    return Image.read(Path(os.environ["IMAGE_AFTER_CHANGE"]))


@pytest.fixture(scope="module")
def unpacked(before: Image, tmp_path_factory: pytest.TempPathFactory) -> Unpacked:
    root = tmp_path_factory.mktemp("image") / "root"
    root.mkdir()
    return before.unpack(root)


def test_a_change_of_one_line_changes_exactly_one_layer(before: Image, after: Image) -> None:
    pairs = zip(before.layer_digests, after.layer_digests, strict=True)
    assert [OWN] == [number for number, (old, new) in enumerate(pairs) if old != new]


def test_a_change_of_one_line_changes_the_image(before: Image, after: Image) -> None:
    assert before.digest != after.digest


def test_a_change_of_one_line_changes_nothing_else_of_the_configuration(
    before: Image, after: Image
) -> None:
    assert before.config["config"] == after.config["config"]


@pytest.mark.parametrize(
    ("path", "layer"),
    [
        ("etc/ssl/certs/ca-certificates.crt", BASE),
        ("usr/bin/python3.13", INTERPRETER),
        ("app/site-packages/annotated_types/__init__.py", THIRD_PARTY),
        ("app/tools/build/python/tests/shared/answers.py", LIBS),
        ("app/tools/build/python/tests/greeter/__main__.py", OWN),
        ("app/tools/build/python/tests/greeter/greeting.txt", OWN),
    ],
)
def test_each_kind_of_file_is_in_its_layer(unpacked: Unpacked, path: str, layer: int) -> None:
    assert unpacked.nodes[path].layer == layer


def test_metadata_of_wheels_is_kept_and_what_installers_leave_is_not(unpacked: Unpacked) -> None:
    names = {
        Path(path).name
        for path in unpacked.nodes
        if path.startswith("app/site-packages/annotated_types-")
    }
    assert "METADATA" in names
    assert "RECORD" not in names


def test_everything_belongs_to_root(unpacked: Unpacked) -> None:
    assert {(0, 0)} == {(node.uid, node.gid) for node in unpacked.nodes.values()}


def test_an_unstamped_image_says_that_it_is_a_development_build(before: Image) -> None:
    labels = before.config["config"]["Labels"]
    assert labels["org.opencontainers.image.title"] == "granary/greeter"
    assert labels["org.opencontainers.image.version"] == "0.0.0-dev"
    assert labels["org.opencontainers.image.revision"] == "unknown"
