"""The machine's trusted certificates as a Java key store.

Bazel's JVM reads no PEM bundle, and a store made by Java's own tool takes a JVM start for each
certificate. The format is small: java.base/share/classes/sun/security/provider/JavaKeyStore.java.
"""

from __future__ import annotations

import hashlib
import os
import ssl
import struct
from pathlib import Path

from bazel_launcher.errors import LauncherError
from bazel_launcher.files import write_whole

BUNDLES = ("/etc/ssl/certs/ca-certificates.crt", "/etc/ssl/cert.pem")

_END = "-----END CERTIFICATE-----"
_MAGIC = 0xFEEDFEED
_VERSION = 2
_TRUSTED_CERTIFICATE = 2
# The digest at the end is keyed with the password and a fixed phrase; a store of public
# certificates has nothing to hide, and this is the password that every JDK assumes.
_PASSWORD = "changeit"  # noqa: S105
_PHRASE = b"Mighty Aphrodite"


def made(cache: Path) -> Path:
    """Return the key store of the machine's current certificates, made if need be.

    Raises:
        LauncherError: the machine has no certificates.
    """
    bundle = _bundle()
    status = bundle.stat()
    identity = f"{bundle}:{status.st_size}:{status.st_mtime_ns}"
    name = hashlib.sha256(identity.encode()).hexdigest()[:16]
    store = cache / "registry-only" / f"{name}.jks"
    if not store.exists():
        write_whole(store, key_store(bundle.read_text(encoding="utf-8")))
    return store


def key_store(pem_bundle: str) -> bytes:
    """Return the certificates of a PEM bundle as a Java key store (JKS, version 2)."""
    blocks = [block[block.index("-----BEGIN") :] for block in pem_bundle.split(_END)[:-1]]
    entries = [ssl.PEM_cert_to_DER_cert(block + _END) for block in blocks]
    body = struct.pack(">III", _MAGIC, _VERSION, len(entries))
    for number, certificate in enumerate(entries):
        body += struct.pack(">I", _TRUSTED_CERTIFICATE)
        body += _text(f"ca{number}") + struct.pack(">Q", 0) + _text("X.509")
        body += struct.pack(">I", len(certificate)) + certificate
    digest = hashlib.sha1(_PASSWORD.encode("utf-16-be") + _PHRASE + body, usedforsecurity=False)
    return body + digest.digest()


def _text(value: str) -> bytes:
    encoded = value.encode("ascii")
    return struct.pack(">H", len(encoded)) + encoded


def _bundle() -> Path:
    chosen = os.environ.get("SSL_CERT_FILE")
    for name in (chosen, *BUNDLES) if chosen else BUNDLES:
        if Path(name).is_file():
            return Path(name)
    raise LauncherError("no trusted certificates: apt-get install ca-certificates")
