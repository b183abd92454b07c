"""The stand-in for rules_oci makes OCI layouts, and refuses what it does not know."""

import gzip
import hashlib
import importlib.util
import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any, NoReturn

import pytest

PRIVATE = Path("tools/registry_only/modules/rules_oci/oci/private")


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, PRIVATE / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


assemble = load("assemble")
archive = load("archive")


@pytest.fixture
def layers(tmp_path: Path) -> list[tuple[Path, dict[str, Any]]]:
    """A compressed layer and one as it is."""
    packed, plain = tmp_path / "a.tar.gz", tmp_path / "b.tar"
    packed.write_bytes(gzip.compress(b"one", mtime=0))
    plain.write_bytes(b"two")
    return [(path, assemble.describe(path)) for path in (packed, plain)]


def make(folder: Path, layers: list[tuple[Path, dict[str, Any]]], **labels: str) -> str:
    config = {"architecture": "amd64", "os": "linux", "config": {"User": "65532:65532"}}
    digest: str = assemble.assemble(folder, config=config, labels=labels, layers=layers)
    return digest


def sha256(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def test_a_layer_is_described_as_it_is_and_as_it_unpacks(
    layers: list[tuple[Path, dict[str, Any]]],
) -> None:
    (packed, first), (_, second) = layers
    assert first["digest"] == sha256(packed.read_bytes())
    assert first["diff_id"] == sha256(b"one")
    assert first["mediaType"].endswith(".tar+gzip")
    assert second["digest"] == second["diff_id"] == sha256(b"two")
    assert second["mediaType"].endswith(".tar")


def test_every_blob_has_the_digest_that_it_is_named_by(
    tmp_path: Path, layers: list[tuple[Path, dict[str, Any]]]
) -> None:
    digest = make(tmp_path / "image", layers)
    blobs = {f"sha256:{p.name}": p for p in (tmp_path / "image/blobs/sha256").iterdir()}
    assert {sha256(path.read_bytes()) for path in blobs.values()} == set(blobs)
    manifest = json.loads(blobs[digest].read_text())
    config = json.loads(blobs[manifest["config"]["digest"]].read_text())
    assert [layer["digest"] for layer in manifest["layers"]] == [i["digest"] for _, i in layers]
    assert config["rootfs"]["diff_ids"] == [info["diff_id"] for _, info in layers]
    index = json.loads((tmp_path / "image/index.json").read_text())
    assert [digest] == [entry["digest"] for entry in index["manifests"]]


def test_the_digest_depends_on_the_content_only(
    tmp_path: Path, layers: list[tuple[Path, dict[str, Any]]]
) -> None:
    first = make(tmp_path / "1", layers, version="1", title="x")
    assert first == make(tmp_path / "2", layers, title="x", version="1")
    assert first != make(tmp_path / "3", layers, title="x", version="2")
    assert first != make(tmp_path / "4", layers[::-1], title="x", version="1")


def test_the_archive_for_engines_names_configuration_and_layers(
    tmp_path: Path, layers: list[tuple[Path, dict[str, Any]]]
) -> None:
    make(tmp_path / "image", layers)
    out = io.BytesIO()
    archive.write(tmp_path / "image", ["granary/demo:dev"], out)
    out.seek(0)
    with tarfile.open(fileobj=out) as tar:
        names = tar.getnames()
        [image] = json.load(tar.extractfile("manifest.json") or pytest.fail("no manifest"))
    assert image["RepoTags"] == ["granary/demo:dev"]
    assert image["Layers"] == [info["digest"].removeprefix("sha256:") for _, info in layers]
    assert set(names) == {"manifest.json", image["Config"], *image["Layers"]}


def check_attributes() -> Callable[..., None]:
    """The Starlark function: it is Python too, once fail() is given."""

    def fail(message: str) -> NoReturn:
        raise ValueError(message)

    scope: dict[str, Any] = {"fail": fail}
    exec((PRIVATE / "attributes.bzl").read_text(), scope)
    function: Callable[..., None] = scope["check_attributes"]
    return function


def test_an_unknown_attribute_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="oci_image does not know base, created;"):
        check_attributes()("oci_image", {"os": "linux", "created": 1, "base": 2}, ["os"], [])


def test_a_missing_attribute_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="oci_image needs tars"):
        check_attributes()("oci_image", {"os": "linux"}, ["os", "tars"], [])


def test_known_attributes_are_taken() -> None:
    check_attributes()("oci_image", {"os": "linux", "user": "1"}, ["os"], ["user"])
