"""Makes an OCI image layout of layers, for oci_image.

Formats: https://github.com/opencontainers/image-spec (image-layout.md, manifest.md, config.md).
Everything written depends on the arguments' content only: keys are sorted and no time is recorded.
"""

import argparse
import hashlib
import json
import shutil
import zlib
from pathlib import Path
from typing import Any

_CHUNK = 1 << 20
_EPOCH = "1970-01-01T00:00:00Z"
_LAYER = "application/vnd.oci.image.layer.v1.tar"
_CONFIG = "application/vnd.oci.image.config.v1+json"
_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_INDEX = "application/vnd.oci.image.index.v1+json"


def describe(layer: Path) -> dict[str, Any]:
    """The digest of a layer as it is, and of the tar in it if it is compressed."""
    packed, plain, size = hashlib.sha256(), hashlib.sha256(), 0
    with layer.open("rb") as file:
        compressed = file.read(2) == b"\x1f\x8b"
        file.seek(0)
        unpacker = zlib.decompressobj(wbits=31)
        while chunk := file.read(_CHUNK):
            size += len(chunk)
            packed.update(chunk)
            if compressed:
                plain.update(unpacker.decompress(chunk))
    digest = f"sha256:{packed.hexdigest()}"
    return {
        "digest": digest,
        "diff_id": f"sha256:{plain.hexdigest()}" if compressed else digest,
        "mediaType": f"{_LAYER}+gzip" if compressed else _LAYER,
        "size": size,
    }


def assemble(
    output: Path,
    *,
    config: dict[str, Any],
    labels: dict[str, str],
    layers: list[tuple[Path, dict[str, Any]]],
) -> str:
    """Write the layout to the folder `output` and return the manifest's digest.

    Args:
        output: The folder, made if it is not there.
        config: The image's configuration without layers.
        labels: Labels of the configuration.
        layers: Each layer's file and what describe() says of it, lowest first.
    """
    blobs = output / "blobs" / "sha256"
    blobs.mkdir(parents=True, exist_ok=True)
    if labels:
        config["config"]["Labels"] = labels
    config["created"] = _EPOCH
    config["history"] = [{"created": _EPOCH, "created_by": "bazel build"} for _ in layers]
    config["rootfs"] = {"type": "layers", "diff_ids": [info["diff_id"] for _, info in layers]}
    manifest = {
        "schemaVersion": 2,
        "mediaType": _MANIFEST,
        "config": _put(blobs, config, _CONFIG),
        "layers": [
            {key: info[key] for key in ("mediaType", "size", "digest")} for _, info in layers
        ],
    }
    for path, info in layers:
        shutil.copyfile(path, blobs / info["digest"].removeprefix("sha256:"))
    descriptor = _put(blobs, manifest, _MANIFEST)
    index = {"schemaVersion": 2, "mediaType": _INDEX, "manifests": [descriptor]}
    (output / "index.json").write_bytes(_encode(index))
    (output / "oci-layout").write_bytes(_encode({"imageLayoutVersion": "1.0.0"}))
    return str(descriptor["digest"])


def _encode(content: Any) -> bytes:
    return json.dumps(content, sort_keys=True, separators=(",", ":")).encode()


def _put(blobs: Path, content: Any, media_type: str) -> dict[str, Any]:
    data = _encode(content)
    digest = hashlib.sha256(data).hexdigest()
    (blobs / digest).write_bytes(data)
    return {"mediaType": media_type, "size": len(data), "digest": f"sha256:{digest}"}


def _labels(path: Path | None) -> dict[str, str]:
    if path is None:
        return {}
    lines = [line for line in path.read_text().splitlines() if line]
    return dict(line.split("=", maxsplit=1) for line in lines)


def main() -> None:
    """`describe LAYER OUTPUT`, or `assemble` with the options of image.bzl."""
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers(dest="command", required=True)
    one = commands.add_parser("describe")
    one.add_argument("layer", type=Path)
    one.add_argument("output", type=Path)
    whole = commands.add_parser("assemble")
    whole.add_argument("--config", type=Path, required=True)
    whole.add_argument("--labels", type=Path)
    whole.add_argument("--layer", type=Path, action="append", default=[])
    whole.add_argument("--descriptor", type=Path, action="append", default=[])
    whole.add_argument("--digest", type=Path, required=True)
    whole.add_argument("--output", type=Path, required=True)
    arguments = parser.parse_args()
    if arguments.command == "describe":
        arguments.output.write_text(json.dumps(describe(arguments.layer)))
        return
    digest = assemble(
        arguments.output,
        config=json.loads(arguments.config.read_text()),
        labels=_labels(arguments.labels),
        layers=[
            (layer, json.loads(descriptor.read_text()))
            for layer, descriptor in zip(arguments.layer, arguments.descriptor, strict=True)
        ],
    )
    arguments.digest.write_text(digest + "\n")


if __name__ == "__main__":
    main()
