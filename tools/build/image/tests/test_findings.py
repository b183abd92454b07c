"""Each thing that an image must not be is found and named."""

import struct
from pathlib import Path

import pytest

from tools.build.image import findings
from tools.build.image.elf import read_elf
from tools.build.image.layout import Image, Unpacked
from tools.build.image.tests.fixtures import Entry, Layout, layer

AMD64, ARM64 = 62, 183
LAYERS = (
    (Entry("usr/lib/os-release", b""),),
    (Entry("usr/bin/python3.13", b"", mode=0o755),),
    (Entry("app/site-packages/fastapi/__init__.py", b""),),
    (Entry("app/libs/dynamo/client.py", b""),),
    (Entry("app/services/greeter/__main__.py", b""),),
)


def elf(machine: int, needed: tuple[str, ...] = (), runpath: str = "") -> bytes:
    """A shared object of headers and a dynamic section only."""
    strings = b"\0" + b"".join(name.encode() + b"\0" for name in (*needed, runpath))
    offsets, place = [], 1
    for name in (*needed, runpath):
        offsets.append(place)
        place += len(name) + 1
    dynamic = [(1, offset) for offset in offsets[:-1]] + ([(29, offsets[-1])] if runpath else [])
    start = 64 + 2 * 56
    table = start + 16 * (len(dynamic) + 2)
    size = table + len(strings)
    body = b"".join(struct.pack("<qQ", *pair) for pair in [*dynamic, (5, table), (0, 0)])
    header = b"\x7fELF\x02\x01\x01" + bytes(9)
    header += struct.pack("<HHIQQQIHHHHHH", 3, machine, 1, 0, 64, 0, 0, 64, 56, 2, 0, 0, 0)
    load = struct.pack("<IIQQQQQQ", 1, 4, 0, 0, 0, size, size, 4096)
    section = struct.pack("<IIQQQQQQ", 2, 4, start, start, start, len(body), len(body), 8)
    return header + load + section + body + strings


def make(folder: Path, *layers: tuple[Entry, ...], **config: object) -> tuple[Image, Unpacked]:
    (folder / "root").mkdir()
    layout = Layout(
        folder / "image", [layer(*entries) for entries in layers or LAYERS], dict(config)
    )
    image = Image.read(layout.write())
    return image, image.unpack(folder / "root")


def test_a_good_configuration_has_no_findings(tmp_path: Path) -> None:
    image, _ = make(tmp_path)
    assert not list(findings.configuration(image, "title"))


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"User": "root"}, "the user is 'root'"),
        ({"User": ""}, "the user is ''"),
        ({"Labels": None}, "label org.opencontainers.image.version is missing"),
        ({"Labels": {}}, "label org.opencontainers.image.title is not 'title'"),
        ({"Entrypoint": ["python"]}, "no absolute path"),
        ({"Entrypoint": None}, "no absolute path"),
    ],
)
def test_a_bad_configuration_is_found(
    tmp_path: Path, config: dict[str, object], expected: str
) -> None:
    image, _ = make(tmp_path, **config)
    assert any(expected in line for line in findings.configuration(image, "title"))


def test_layers_in_order_have_no_findings(tmp_path: Path) -> None:
    assert not list(findings.layers(*make(tmp_path)))


def test_layers_in_another_order_are_found(tmp_path: Path) -> None:
    found = list(findings.layers(*make(tmp_path, *LAYERS[:2], LAYERS[4], *LAYERS[2:4])))
    assert "/app/services/greeter/__main__.py is in layer 2, not 4" in found


def test_a_missing_layer_is_found(tmp_path: Path) -> None:
    assert ["4 layers, not 5"] == list(findings.layers(*make(tmp_path, *LAYERS[:4])))


@pytest.mark.parametrize(
    "entry",
    [
        Entry("app/a", b"", mode=0o666),
        Entry("app/a", b"", mode=0o644, uid=findings.NONROOT),
        Entry("app/a", mode=0o777),
        Entry("app/a", b"", mode=0o4755),
    ],
)
def test_what_the_user_could_write_is_found(tmp_path: Path, entry: Entry) -> None:
    _, unpacked = make(tmp_path, (entry, Entry("tmp", mode=0o1777)))
    found = list(findings.writable(unpacked))
    assert len(found) == 1
    assert found[0].startswith("/app/a ")


def test_a_shell_is_found_as_file_and_as_link(tmp_path: Path) -> None:
    _, unpacked = make(
        tmp_path,
        (
            Entry("usr/bin/busybox", b"", mode=0o755),
            Entry("usr/bin/sh", target="busybox"),
            Entry("usr/share/doc/bash", b"not a program"),
        ),
    )
    found = [line.split(":")[0] for line in findings.tools(unpacked)]
    assert sorted(found) == ["/usr/bin/busybox", "/usr/bin/sh"]


def test_an_object_for_another_machine_is_found(tmp_path: Path) -> None:
    found = list(findings.shared_objects(*make(tmp_path, (Entry("app/a.so", elf(ARM64)),))))
    assert found == ["/app/a.so is for arm64, the image is for amd64"]


def test_a_needed_library_is_looked_for_where_the_loader_would(tmp_path: Path) -> None:
    image, unpacked = make(
        tmp_path,
        (
            Entry("usr/lib/x86_64-linux-gnu/libz.so.1", elf(AMD64)),
            Entry("app/site-packages/a.libs/libb-123.so", elf(AMD64)),
            Entry(
                "app/site-packages/a/a.so",
                elf(AMD64, ("libz.so.1", "libb-123.so", "libgone.so.2"), "$ORIGIN/../a.libs"),
            ),
        ),
    )
    assert list(findings.shared_objects(image, unpacked)) == [
        "/app/site-packages/a/a.so needs libgone.so.2, which is not in the image"
    ]


def test_an_image_without_any_object_is_not_taken_for_checked(tmp_path: Path) -> None:
    assert list(findings.shared_objects(*make(tmp_path))) == ["no ELF file at all"]


def test_an_image_over_its_budget_is_found(tmp_path: Path) -> None:
    _, unpacked = make(tmp_path, (Entry("a", b"\0" * 1_100_000),))
    assert not list(findings.size(unpacked, 2))
    assert any("the budget is 1 MB" in line for line in findings.size(unpacked, 1))


def test_the_running_interpreter_is_read_as_elf() -> None:
    found = read_elf(Path("/proc/self/exe"))
    assert found is not None
    assert any(name.startswith("libc.so") for name in found.needed)
