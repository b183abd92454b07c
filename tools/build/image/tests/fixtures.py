"""Small images made in a folder, for tests of what reads images."""

import gzip
import hashlib
import io
import json
import tarfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass
class Entry:
    """One entry of a layer; a target makes it a symbolic link, no content a folder."""

    path: str
    content: bytes | None = None
    target: str = ""
    mode: int = 0o644
    uid: int = 0


def layer(*entries: Entry) -> bytes:
    """The tar of some entries."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for entry in entries:
            info = tarfile.TarInfo(entry.path)
            info.mode, info.uid, info.gid = entry.mode, entry.uid, entry.uid
            if entry.target:
                info.type, info.linkname = tarfile.SYMTYPE, entry.target
            elif entry.content is None:
                info.type = tarfile.DIRTYPE
            else:
                info.size = len(entry.content)
            tar.addfile(info, io.BytesIO(entry.content or b""))
    return out.getvalue()


@dataclass
class Layout:
    """An OCI layout in a folder. Change `config` before write()."""

    folder: Path
    layers: list[bytes]
    config: dict[str, Any] = field(default_factory=dict)

    def write(self) -> Path:
        """Write it and return the folder."""
        (self.folder / "blobs" / "sha256").mkdir(parents=True)
        config = {
            "architecture": "amd64",
            "os": "linux",
            "rootfs": {"type": "layers", "diff_ids": [_digest(tar) for tar in self.layers]},
            "config": {
                "Entrypoint": ["/usr/bin/python3.13", "-m", "services.greeter"],
                "User": "65532:65532",
                "Labels": {
                    f"org.opencontainers.image.{name}": name
                    for name in ("title", "description", "version", "revision")
                },
                **self.config,
            },
        }
        packed = [gzip.compress(tar, mtime=0) for tar in self.layers]
        manifest = {
            "config": {"digest": self._put(json.dumps(config).encode())},
            "layers": [{"digest": self._put(blob)} for blob in packed],
        }
        digest = self._put(json.dumps(manifest).encode())
        (self.folder / "index.json").write_text(json.dumps({"manifests": [{"digest": digest}]}))
        return self.folder

    def _put(self, data: bytes) -> str:
        digest = _digest(data)
        (self.folder / "blobs" / digest.replace(":", "/")).write_bytes(data)
        return digest


def _digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"
