"""What an image must not be: each check gives one line for each thing that it finds wrong."""

from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

from tools.build.image.elf import Elf, read_elf
from tools.build.image.layout import Image, Unpacked

NONROOT = 65532
SITE_PACKAGES = "app/site-packages/"

_LABELS = ("title", "description", "version", "revision")
_LABEL_PREFIX = "org.opencontainers.image."
_TRIPLETS = {"amd64": "x86_64-linux-gnu", "arm64": "aarch64-linux-gnu"}

# Programs that an intruder would look for first.
_SHELLS = {"ash", "bash", "busybox", "csh", "dash", "ksh", "mksh", "sh", "tcsh", "zsh"}
_PACKAGE_MANAGERS = {"apk", "apt", "apt-get", "dnf", "dpkg", "pip", "pip3", "rpm", "yum"}
_OTHER_TOOLS = {"awk", "curl", "nc", "perl", "su", "sudo", "wget"}
_TOOLS = _SHELLS | _PACKAGE_MANAGERS | _OTHER_TOOLS


def configuration(image: Image, title: str) -> Iterator[str]:
    """Labels, user and entry point."""
    config: dict[str, Any] = image.config.get("config", {})
    labels: dict[str, str] = config.get("Labels") or {}
    for name in _LABELS:
        if not labels.get(_LABEL_PREFIX + name):
            yield f"label {_LABEL_PREFIX}{name} is missing"
    if labels.get(_LABEL_PREFIX + "title") != title:
        yield f"label {_LABEL_PREFIX}title is not {title!r}"
    if config.get("User") != f"{NONROOT}:{NONROOT}":
        yield f"the user is {config.get('User')!r}, not {NONROOT}:{NONROOT}"
    entrypoint = config.get("Entrypoint") or []
    if not entrypoint or not entrypoint[0].startswith("/"):
        yield f"the entry point {entrypoint} has no absolute path"


def layers(image: Image, unpacked: Unpacked) -> Iterator[str]:
    """Five layers: base, interpreter, third-party, libs, the program's own, in that order."""
    count = len(image.layer_digests)
    if count != 5:
        yield f"{count} layers, not 5"
        return
    own = image.config["config"]["Entrypoint"][-1].replace(".", "/")
    expected = {"usr/lib/os-release": 0, "usr/bin/python3.13": 1, f"app/{own}/__main__.py": 4}
    for path, layer in expected.items():
        node = unpacked.nodes.get(path)
        if node is None:
            yield f"/{path} is missing"
        elif node.layer != layer:
            yield f"/{path} is in layer {node.layer}, not {layer}"
    for node in unpacked.nodes.values():
        if not node.is_file:
            continue
        third_party = node.path.startswith(SITE_PACKAGES)
        if third_party != (node.layer == 2) and node.layer >= 2:
            yield f"/{node.path} is in layer {node.layer}"
        if node.layer >= 2 and not node.path.startswith("app/"):
            yield f"/{node.path} is outside /app, in layer {node.layer}"
        if node.path.startswith(f"app/{own}/") != (node.layer == 4):
            yield f"/{node.path} is in layer {node.layer}"


def writable(unpacked: Unpacked) -> Iterator[str]:
    """What the image's user could write by owner and mode: nothing but /tmp."""
    for node in unpacked.nodes.values():
        if node.is_link or node.path == "tmp":
            continue
        by_owner = node.uid == NONROOT and node.mode & 0o200
        by_group = node.gid == NONROOT and node.mode & 0o020
        if by_owner or by_group or node.mode & 0o002:
            yield f"/{node.path} can be written by the user (mode {node.mode:04o}, {node.uid})"
        if node.mode & 0o6000:
            yield f"/{node.path} has a set-id bit (mode {node.mode:04o})"


def tools(unpacked: Unpacked) -> Iterator[str]:
    """Shells, package managers and the like."""
    for node in unpacked.nodes.values():
        executable = node.is_link or (node.is_file and node.mode & 0o111)
        if executable and PurePosixPath(node.path).name in _TOOLS:
            yield f"/{node.path}: an image holds no shell, package manager or download tool"


def shared_objects(image: Image, unpacked: Unpacked) -> Iterator[str]:
    """Every ELF file is of the image's architecture and finds the libraries that it needs."""
    architecture = image.config["architecture"]
    system = [f"usr/lib/{_TRIPLETS[architecture]}", "usr/lib", "usr/lib64"]
    found = 0
    for node in list(unpacked.nodes.values()):
        elf = read_elf(unpacked.root / node.path) if node.is_file else None
        if elf is None:
            continue
        found += 1
        if elf.architecture != architecture:
            yield f"/{node.path} is for {elf.architecture}, the image is for {architecture}"
            continue
        folders = [*_search(elf, node.path), *system]
        for library in elf.needed:
            if not any(unpacked.resolve(f"{folder}/{library}") for folder in folders):
                yield f"/{node.path} needs {library}, which is not in the image"
    if not found:
        yield "no ELF file at all"


def _search(elf: Elf, path: str) -> list[str]:
    origin = str(PurePosixPath(path).parent)
    return [
        folder.replace("$ORIGIN", origin).replace("${ORIGIN}", origin).lstrip("/")
        for folder in elf.search
    ]


def size(unpacked: Unpacked, budget_mb: int) -> Iterator[str]:
    """The uncompressed layers, in MB of 10^6 bytes."""
    megabytes = unpacked.size / 1e6
    if megabytes > budget_mb:
        yield f"{megabytes:.1f} MB uncompressed, the budget is {budget_mb} MB"
