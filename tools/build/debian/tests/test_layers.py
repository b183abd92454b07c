"""The real lower layers: right for their architecture, enough to run Python, and no more."""

import os
import ssl
import tarfile
from pathlib import Path

import pytest

from tools.build.image.container import Container
from tools.build.image.elf import read_elf

ARCHITECTURES = ("amd64", "arm64")
LAYERS = ("base", "interpreter")
MACHINES = {"x86_64": "amd64", "aarch64": "arm64"}

# Every module whose library is a package of its own, and what they need of the file system.
PROGRAM = """
import bz2, ctypes, decimal, hashlib, lzma, mimetypes, pwd, socket, sqlite3, ssl, uuid
import xml.parsers.expat, zlib, zoneinfo
assert ssl.create_default_context().cert_store_stats()["x509_ca"] > 100
assert zoneinfo.ZoneInfo("Europe/Berlin")
assert pwd.getpwuid(65532).pw_name == "nonroot"
assert socket.getservbyname("https") == 443
assert mimetypes.guess_type("a.json")[0] == "application/json"
open("/tmp/written", "w").close()
try:
    open("/etc/written", "w")
except OSError:
    print("works")
"""


def unpack(folder: Path, architecture: str) -> Path:
    root = folder / architecture
    for layer in LAYERS:
        with tarfile.open(os.environ[f"{layer}_{architecture}".upper()]) as tar:
            tar.extractall(root, filter="tar")
    return root


@pytest.fixture(scope="module", params=ARCHITECTURES)
def root(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return unpack(tmp_path_factory.mktemp("layers"), request.param)


def test_every_object_is_for_the_architecture(root: Path) -> None:
    found = {
        elf.architecture
        for path in root.rglob("*")
        if path.is_file() and not path.is_symlink() and (elf := read_elf(path))
    }
    assert found == {root.name}


def test_the_only_program_is_python(root: Path) -> None:
    programs = [p.name for p in [*(root / "usr/bin").iterdir(), *(root / "usr/sbin").iterdir()]]
    assert programs == ["python3.13"]


def test_the_bundle_holds_certificates(root: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(root / "etc/ssl/certs/ca-certificates.crt")
    assert context.cert_store_stats()["x509_ca"] > 100


def test_scanners_find_every_package(root: Path) -> None:
    status = {p.name for p in (root / "var/lib/dpkg/status.d").iterdir()}
    assert {"base-files", "libc6", "libssl3t64", "python3.13-minimal", "tzdata"} <= status
    assert "ID=debian" in (root / "usr/lib/os-release").read_text()


def test_python_runs_as_the_images_user(tmp_path: Path) -> None:
    architecture = MACHINES[os.uname().machine]
    root = unpack(tmp_path, architecture)
    (root / "app").mkdir()
    (root / "app" / "program.py").write_text(PROGRAM)
    log = tmp_path / "log"
    with Container(
        root,
        ["/usr/bin/python3.13", "program.py"],
        env={"PYTHONDONTWRITEBYTECODE": "1"},
        workdir="/app",
        user=65532,
        log=log,
    ) as container:
        status = container.wait(30)
    assert log.read_text() == "works\n"
    assert status == 0
