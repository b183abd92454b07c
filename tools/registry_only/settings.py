"""The settings of one machine, told to Bazel: addresses as its own clients use them, and trust."""

from __future__ import annotations

import configparser
import contextlib
import hashlib
import os
import re
import shutil
import xml.etree.ElementTree as ET
import zipfile
from pathlib import Path

from bazel_launcher.errors import LauncherError
from bazel_launcher.files import write_whole
from registry_only import apt, trust_store

PIP_CONFIGURATIONS = ("~/.pip/pip.conf", "~/.config/pip/pip.conf", "/etc/pip.conf")
# Where sandboxes are made if there is room: containers often have 64 MB of it.
MEMORY = "/dev/shm"  # noqa: S108
MEMORY_BYTES = 4_000_000_000
MAVEN_SETTINGS = "~/.m2/settings.xml"
NPM_CONFIGURATIONS = ("~/.npmrc", "/etc/npmrc")

_NPM_REGISTRY = re.compile(r"^\s*registry\s*=\s*[\"']?([^\s\"']+)", re.MULTILINE)
_COREPACK_REGISTRY = re.compile(r"DEFAULT_NPM_REGISTRY_URL = [`\"']([^`\"']+)")


def addresses(root: Path) -> dict[str, str]:
    """Return the addresses to download from, by the variables that the build knows them by.

    Args:
        root: the root filesystem, whose pip, Maven and Node.js know the default addresses.

    Raises:
        LauncherError: the machine's own settings name no usable address.
    """
    return {
        "GRANARY_DEBIAN_MIRROR": _debian_mirror(root),
        "GRANARY_MAVEN_MIRROR": maven_mirror(root),
        "NPM_CONFIG_REGISTRY": npm_registry(root),
        "PIP_INDEX_URL": pip_index(root),
    }


def write_rc_file(download_from: dict[str, str], cache: Path) -> Path:
    """Write the settings as a file for Bazel's --bazelrc and return its path.

    Args:
        download_from: see `addresses`.
        cache: the folder for what is kept between calls.

    Raises:
        LauncherError: the machine has no trusted certificates.
    """
    lines = [
        # Debian ships Bazel unpacked; the binary itself has nothing to unpack.
        "startup --install_base=/usr/share/bazel",
        "startup --trust_install_base",
        "startup --server_javabase=/usr/lib/jvm/jdk",
        # Bazel's JVM trusts what the machine trusts: a company's own authority is in there.
        f"startup --host_jvm_args=-Djavax.net.ssl.trustStore={trust_store.made(cache)}",
        "startup --host_jvm_args=-Djavax.net.ssl.trustStoreType=JKS",
        # Inside, every user is root, and `~` in an option must still be the user's own folder.
        f"startup --host_jvm_args=-Duser.home={Path.home()}",
        "common --config=registry-only",
        *(f"common --repo_env={name}={address}" for name, address in download_from.items()),
    ]
    with contextlib.suppress(OSError):
        if shutil.disk_usage(MEMORY).free >= MEMORY_BYTES:
            # A test has thousands of runfiles, and an image test unpacks an image.
            lines.append(f"build --sandbox_base={MEMORY}")
    content = "\n".join(lines) + "\n"
    target = cache / "registry-only" / f"{hashlib.sha256(content.encode()).hexdigest()[:16]}.rc"
    if not target.exists():
        write_whole(target, content.encode())
    return target


def pip_index(root: Path) -> str:
    """Return the package index that pip uses on this machine, else pip's own default."""
    chosen = os.environ.get("PIP_INDEX_URL")
    if chosen:
        return chosen
    configured = configparser.RawConfigParser()
    names = [os.environ.get("PIP_CONFIG_FILE"), *PIP_CONFIGURATIONS]
    configured.read([Path(name).expanduser() for name in names if name], encoding="utf-8")
    index = configured.get("global", "index-url", fallback=None)
    if index:
        return index
    source = next(root.glob("usr/lib/python3/dist-packages/pip/_internal/models/index.py"))
    default = re.search(r'PyPI = PackageIndex\(\s*"([^"]+)"', source.read_text(encoding="utf-8"))
    if default is None:
        raise LauncherError("pip's default index is unknown: set PIP_INDEX_URL")
    return default[1].rstrip("/") + "/simple"


def npm_registry(root: Path) -> str:
    """Return the registry that npm uses on this machine, else npm's own default."""
    names = ("NPM_CONFIG_REGISTRY", "npm_config_registry")
    chosen = next((os.environ[name] for name in names if os.environ.get(name)), None)
    configurations = [os.environ.get("NPM_CONFIG_USERCONFIG"), *NPM_CONFIGURATIONS]
    for path in (Path(name).expanduser() for name in configurations if name):
        if chosen is None and path.exists():
            configured = _NPM_REGISTRY.search(path.read_text(encoding="utf-8"))
            chosen = os.path.expandvars(configured[1]) if configured else None
    if chosen is not None:
        return chosen.rstrip("/")
    # npm itself is not in there, but Corepack, which downloads package managers from its registry.
    source = root / "usr/share/nodejs/corepack/dist/lib/corepack.cjs"
    default = _COREPACK_REGISTRY.search(source.read_text(encoding="utf-8"))
    if default is None:
        raise LauncherError("npm's default registry is unknown: set NPM_CONFIG_REGISTRY")
    return default[1].rstrip("/")


def maven_mirror(root: Path) -> str:
    """Return the mirror of Maven Central in this machine's settings, else Maven's own default."""
    chosen = os.environ.get("GRANARY_MAVEN_MIRROR")
    if chosen:
        return chosen.rstrip("/")
    settings = Path(MAVEN_SETTINGS).expanduser()
    if settings.exists():
        mirrors = _parsed(settings.read_bytes(), settings).findall(".//{*}mirror")
        for mirror in mirrors:
            if mirror.findtext("{*}mirrorOf") in ("*", "central", "external:*"):
                return (mirror.findtext("{*}url") or "").strip().rstrip("/")
    # Every POM inherits the "super POM", which stands in this jar and names the central repository.
    model_builder = root / "usr/share/java/maven-model-builder-3.x.jar"
    with zipfile.ZipFile(model_builder.resolve()) as jar:
        super_pom = _parsed(jar.read("org/apache/maven/model/pom-4.0.0.xml"), model_builder)
    return (super_pom.findtext(".//{*}repository/{*}url") or "").strip().rstrip("/")


def _parsed(content: bytes, origin: Path) -> ET.Element:
    try:
        return ET.fromstring(content)  # noqa: S314  the user's own file
    except ET.ParseError as error:
        raise LauncherError(f"{origin} is not XML: {error}") from error


def _debian_mirror(root: Path) -> str:
    """Return apt's mirror, asked once for each root filesystem: apt takes 30 ms to answer."""
    chosen = os.environ.get("GRANARY_DEBIAN_MIRROR")
    if chosen:
        return chosen.rstrip("/")
    remembered = root.with_suffix(".mirror")
    if not remembered.exists():
        write_whole(remembered, apt.mirror().encode())
    return remembered.read_text(encoding="utf-8")
