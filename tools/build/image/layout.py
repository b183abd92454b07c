"""Reads an OCI image layout, checks its digests, and unpacks it: layers in order, with whiteouts.

Formats: https://github.com/opencontainers/image-spec (image-layout.md, manifest.md, layer.md).
"""

import hashlib
import json
import shutil
import tarfile
import zlib
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO, Any

_WHITEOUT = ".wh."
_OPAQUE = ".wh..wh..opq"
_CHUNK = 1 << 20


class LayoutError(Exception):
    """The layout is not what the specification says; the message names the blob."""


@dataclass(frozen=True)
class Node:
    """One path of the unpacked image. `mode` is the 12 low bits, `layer` counts from 0."""

    path: str
    kind: bytes
    mode: int
    uid: int
    gid: int
    size: int
    target: str
    layer: int

    @property
    def is_file(self) -> bool:
        """Whether it is a regular file."""
        return self.kind == tarfile.REGTYPE

    @property
    def is_link(self) -> bool:
        """Whether it is a symbolic link."""
        return self.kind == tarfile.SYMTYPE


@dataclass(frozen=True)
class Image:
    """A single-platform image: its manifest and configuration, as their JSON is."""

    folder: Path
    digest: str
    manifest: dict[str, Any]
    config: dict[str, Any]

    @classmethod
    def read(cls, folder: Path) -> "Image":
        """Read the layout.

        Raises:
            LayoutError: It holds more or fewer than one image, or a blob's digest is not its name.
        """
        manifests = json.loads((folder / "index.json").read_text())["manifests"]
        if len(manifests) != 1:
            raise LayoutError(f"{folder}: {len(manifests)} images in the layout, not 1")
        digest = manifests[0]["digest"]
        manifest = json.loads(_blob(folder, digest).read_bytes())
        config = json.loads(_blob(folder, manifest["config"]["digest"]).read_bytes())
        return cls(folder, digest, manifest, config)

    @property
    def layer_digests(self) -> list[str]:
        """The digests of the layers as they are pushed, lowest first."""
        return [layer["digest"] for layer in self.manifest["layers"]]

    def unpack(self, root: Path) -> "Unpacked":
        """Apply the layers to an empty folder.

        Owners and modes are kept in the nodes only: on disk everything belongs to the caller.

        Raises:
            LayoutError: A digest is wrong, or an entry would leave the folder.
        """
        unpacked = Unpacked(root)
        for number, (layer, diff_id) in enumerate(
            zip(self.manifest["layers"], self.config["rootfs"]["diff_ids"], strict=True)
        ):
            plain = root.with_name(f"{root.name}.layer")
            unpacked.size += _decompress(_blob(self.folder, layer["digest"]), plain, diff_id)
            with tarfile.open(plain) as tar:
                for member in tar:
                    unpacked.apply(tar, member, number)
            plain.unlink()
        return unpacked


@dataclass
class Unpacked:
    """An image's files: on disk under `root`, and as nodes by path. `size` is in bytes."""

    root: Path
    nodes: dict[str, Node] = field(default_factory=dict)
    size: int = 0

    def apply(self, tar: tarfile.TarFile, member: tarfile.TarInfo, layer: int) -> None:
        """Apply one entry of a layer."""
        path = member.name.removeprefix("./").strip("/")
        if path in ("", "."):
            return
        if ".." in path.split("/"):
            raise LayoutError(f"{member.name} leaves the image")
        parent = self._resolve(str(PurePosixPath(path).parent))
        name = PurePosixPath(path).name
        if name == _OPAQUE:
            self._remove_below(parent, layer)
            return
        if name.startswith(_WHITEOUT):
            self._remove(_join(parent, name.removeprefix(_WHITEOUT)))
            return
        path = _join(parent, name)
        self._write(path, tar, member)
        kind = tarfile.REGTYPE if member.isreg() or member.islnk() else member.type
        self.nodes[path] = Node(
            path, kind, member.mode, member.uid, member.gid, member.size, member.linkname, layer
        )

    def _write(self, path: str, tar: tarfile.TarFile, member: tarfile.TarInfo) -> None:
        place = self.root / path
        present = self.nodes.get(path)
        if member.isdir():
            if present is not None and present.kind != tarfile.DIRTYPE:
                self._remove(path)
            place.mkdir(parents=True, exist_ok=True)
            return
        if present is not None:
            self._remove(path)
        place.parent.mkdir(parents=True, exist_ok=True)
        if member.issym():
            place.symlink_to(member.linkname)
        elif member.islnk():
            place.hardlink_to(self.root / self._resolve(member.linkname))
        elif member.isreg():
            source = tar.extractfile(member)
            if source is None:
                raise LayoutError(f"{path} has no content")
            with place.open("wb") as out:
                shutil.copyfileobj(source, out, _CHUNK)
            place.chmod(member.mode & 0o755 | 0o600)
        else:
            raise LayoutError(f"{path} is neither file, folder nor link")

    def resolve(self, path: str) -> Node | None:
        """Follow symbolic links inside the image; None if the path leads nowhere."""
        return self.nodes.get(self._resolve(path))

    def _resolve(self, path: str, depth: int = 0) -> str:
        if depth > 40:
            raise LayoutError(f"{path}: a loop of symbolic links")
        parts = [part for part in path.split("/") if part not in ("", ".")]
        resolved: list[str] = []
        for index, part in enumerate(parts):
            if part == "..":
                del resolved[-1:]
                continue
            here = "/".join([*resolved, part])
            node = self.nodes.get(here)
            if node is not None and node.is_link:
                base = "" if node.target.startswith("/") else "/".join(resolved)
                rest = "/".join([base, node.target, *parts[index + 1 :]])
                return self._resolve(rest, depth + 1)
            resolved.append(part)
        return "/".join(resolved)

    def _remove(self, path: str) -> None:
        self._remove_below(path, None)
        place = self.root / path
        if place.is_dir() and not place.is_symlink():
            shutil.rmtree(place)
        else:
            place.unlink(missing_ok=True)
        self.nodes.pop(path, None)

    def _remove_below(self, folder: str, layer: int | None) -> None:
        # An opaque whiteout hides what lower layers put there, not its own layer's entries.
        for path in [p for p in self.nodes if p.startswith(folder + "/")]:
            node = self.nodes.get(path)
            if node is not None and node.layer != layer:
                self._remove(path)


def _join(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name


def _blob(folder: Path, digest: str) -> Path:
    algorithm, _, encoded = digest.partition(":")
    path = folder / "blobs" / algorithm / encoded
    with path.open("rb") as blob:
        if hashlib.file_digest(blob, algorithm).hexdigest() != encoded:
            raise LayoutError(f"{digest}: the blob's content has another digest")
    return path


def _decompress(blob: Path, plain: Path, diff_id: str) -> int:
    digest, size = hashlib.sha256(), 0
    with blob.open("rb") as source, plain.open("wb") as out:
        packed = source.read(2) == b"\x1f\x8b"
        source.seek(0)
        unpacker = zlib.decompressobj(wbits=31) if packed else None
        while chunk := source.read(_CHUNK):
            data = unpacker.decompress(chunk) if unpacker else chunk
            size += _put(out, data, digest)
        if unpacker:
            size += _put(out, unpacker.flush(), digest)
    if f"sha256:{digest.hexdigest()}" != diff_id:
        raise LayoutError(f"{blob.name}: the layer's content is not {diff_id}")
    return size


def _put(out: IO[bytes], data: bytes, digest: "hashlib._Hash") -> int:
    digest.update(data)
    return out.write(data)
