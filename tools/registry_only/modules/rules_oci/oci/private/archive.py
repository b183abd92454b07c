"""Writes an OCI layout to stdout as the archive that `docker load` and `podman load` take.

Format: https://github.com/moby/docker-image-spec (combined image JSON and file system changeset).
"""

import io
import json
import sys
import tarfile
from pathlib import Path
from typing import IO


def write(layout: Path, repo_tags: list[str], output: IO[bytes]) -> None:
    """Write the archive of the single image in `layout`, named by `repo_tags`."""
    blobs = layout / "blobs" / "sha256"

    def name(descriptor: dict[str, str]) -> str:
        return descriptor["digest"].removeprefix("sha256:")

    index = json.loads((layout / "index.json").read_text())
    manifest = json.loads((blobs / name(index["manifests"][0])).read_text())
    layers = [name(layer) for layer in manifest["layers"]]
    config = name(manifest["config"])
    contents = [{"Config": config, "RepoTags": repo_tags, "Layers": layers}]
    with tarfile.open(fileobj=output, mode="w|", format=tarfile.PAX_FORMAT) as tar:
        for blob in dict.fromkeys([config, *layers]):
            _add(tar, blob, (blobs / blob).read_bytes())
        _add(tar, "manifest.json", json.dumps(contents).encode())


def _add(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size = len(data)
    tar.addfile(info, io.BytesIO(data))


if __name__ == "__main__":
    try:
        write(Path(sys.argv[1]), sys.argv[2:], sys.stdout.buffer)
    except BrokenPipeError:
        # The loader gave up and has said why.
        sys.stderr.close()
        sys.exit(1)
