"""Unpacking follows the image specification, and believes no digest unchecked."""

from pathlib import Path

import pytest

from tools.build.image.layout import Image, LayoutError, Unpacked
from tools.build.image.tests.fixtures import Entry, Layout, layer


def unpack(folder: Path, *layers: bytes) -> Unpacked:
    root = folder / "root"
    root.mkdir()
    return Image.read(Layout(folder / "image", list(layers)).write()).unpack(root)


def test_a_later_layer_replaces_a_file(tmp_path: Path) -> None:
    unpacked = unpack(tmp_path, layer(Entry("a", b"1")), layer(Entry("a", b"2")))
    assert (unpacked.root / "a").read_bytes() == b"2"
    assert unpacked.nodes["a"].layer == 1


def test_a_whiteout_removes_a_file_of_a_lower_layer(tmp_path: Path) -> None:
    unpacked = unpack(
        tmp_path, layer(Entry("d/a", b"1"), Entry("d/b", b"1")), layer(Entry("d/.wh.a", b""))
    )
    assert {"d/b"} == set(unpacked.nodes)
    assert not (unpacked.root / "d/a").exists()


def test_a_whiteout_removes_a_folder_with_its_content(tmp_path: Path) -> None:
    unpacked = unpack(tmp_path, layer(Entry("d"), Entry("d/a", b"1")), layer(Entry(".wh.d", b"")))
    assert not unpacked.nodes
    assert not (unpacked.root / "d").exists()


def test_an_opaque_whiteout_keeps_its_own_layers_files(tmp_path: Path) -> None:
    upper = layer(Entry("d/b", b"1"), Entry("d/.wh..wh..opq", b""))
    unpacked = unpack(tmp_path, layer(Entry("d"), Entry("d/a", b"1")), upper)
    assert {"d", "d/b"} == set(unpacked.nodes)


def test_a_file_below_a_linked_folder_lands_in_the_linked_folder(tmp_path: Path) -> None:
    lower = layer(Entry("usr/lib"), Entry("lib", target="usr/lib"))
    unpacked = unpack(tmp_path, lower, layer(Entry("lib/a", b"1")))
    assert (unpacked.root / "usr/lib/a").read_bytes() == b"1"
    assert unpacked.nodes["usr/lib/a"].layer == 1


def test_links_are_followed_inside_the_image_only(tmp_path: Path) -> None:
    unpacked = unpack(
        tmp_path,
        layer(
            Entry("usr/lib/x.so.1", b"1"),
            Entry("usr/lib/x.so", target="x.so.1"),
            Entry("lib", target="/usr/lib"),
            Entry("out", target="../../../../../etc/hostname"),
        ),
    )
    found = unpacked.resolve("lib/x.so")
    assert found is not None
    assert found.path == "usr/lib/x.so.1"
    assert unpacked.resolve("out") is None


def test_a_loop_of_links_is_refused(tmp_path: Path) -> None:
    unpacked = unpack(tmp_path, layer(Entry("a", target="b"), Entry("b", target="a")))
    with pytest.raises(LayoutError, match="loop"):
        unpacked.resolve("a")


def test_an_entry_that_leaves_the_image_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LayoutError, match="leaves the image"):
        unpack(tmp_path, layer(Entry("../a", b"1")))


def test_a_changed_blob_is_refused(tmp_path: Path) -> None:
    folder = Layout(tmp_path / "image", [layer(Entry("a", b"1"))]).write()
    (tmp_path / "root").mkdir()
    image = Image.read(folder)
    blob = folder / "blobs" / image.layer_digests[0].replace(":", "/")
    blob.write_bytes(blob.read_bytes() + b"x")
    with pytest.raises(LayoutError, match="another digest"):
        image.unpack(tmp_path / "root")


def test_the_size_is_that_of_the_uncompressed_layers(tmp_path: Path) -> None:
    tar = layer(Entry("a", b"\0" * 100_000))
    assert unpack(tmp_path, tar).size == len(tar)
