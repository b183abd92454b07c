"""Makes small .deb files, for tests of what reads them."""

import io
import lzma
import tarfile
from pathlib import Path


def tar(*members: tuple[tarfile.TarInfo, bytes]) -> bytes:
    """An xz-compressed tar."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for info, content in members:
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return lzma.compress(out.getvalue())


def file(path: str, content: bytes = b"", mode: int = 0o644) -> tuple[tarfile.TarInfo, bytes]:
    """A file, owned by nobody in particular and dated, as packages are built."""
    info = tarfile.TarInfo(f"./{path}")
    info.mode, info.mtime, info.uid, info.uname = mode, 1_700_000_000, 1000, "builder"
    return info, content


def link(path: str, target: str, *, hard: bool = False) -> tuple[tarfile.TarInfo, bytes]:
    """A symbolic or hard link."""
    info = tarfile.TarInfo(f"./{path}")
    info.type = tarfile.LNKTYPE if hard else tarfile.SYMTYPE
    info.linkname = target
    return info, b""


def deb(
    folder: Path,
    name: str,
    *content: tuple[tarfile.TarInfo, bytes],
    md5sums: str = "",
) -> Path:
    """A package `name` with the content."""
    control = f"Package: {name}\nVersion: 1.0\nDescription: a test\n of several lines\n"
    members = {
        "debian-binary": b"2.0\n",
        "control.tar.xz": tar(
            file("control", control.encode()),
            file("md5sums", md5sums.encode()),
            file("postinst", b"#!/bin/sh\nexit 1\n", 0o755),
        ),
        "data.tar.xz": tar(*content),
    }
    data = b"!<arch>\n"
    for member, body in members.items():
        data += f"{member:<16}{0:<12}{0:<6}{0:<6}{'100644':<8}{len(body):<10}`\n".encode()
        data += body + b"\n" * (len(body) % 2)
    path = folder / f"{name}.deb"
    path.write_bytes(data)
    return path
