"""Addresses come from the machine's own clients, in the order in which those look for them."""

import hashlib
import zipfile
from pathlib import Path

import certifi
import pytest

from registry_only import settings, trust_store


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A root filesystem with what the clients say of themselves, and a user without settings."""
    pip = tmp_path / "root/usr/lib/python3/dist-packages/pip/_internal/models"
    pip.mkdir(parents=True)
    (pip / "index.py").write_text('PyPI = PackageIndex("https://pip.example/", "files")\n')
    java = tmp_path / "root/usr/share/java"
    java.mkdir(parents=True)
    with zipfile.ZipFile(java / "maven-model-builder-3.x.jar", "w") as jar:
        jar.writestr(
            "org/apache/maven/model/pom-4.0.0.xml",
            "<project><repositories><repository><id>central</id>"
            "<url>https://maven.example/maven2</url></repository></repositories></project>",
        )
    corepack = tmp_path / "root/usr/share/nodejs/corepack/dist/lib"
    corepack.mkdir(parents=True)
    (corepack / "corepack.cjs").write_text(
        "var DEFAULT_NPM_REGISTRY_URL = `https://npm.example`;\n"
    )
    for variable in (
        "PIP_INDEX_URL",
        "PIP_CONFIG_FILE",
        "GRANARY_MAVEN_MIRROR",
        "NPM_CONFIG_REGISTRY",
        "NPM_CONFIG_USERCONFIG",
        "npm_config_registry",
    ):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setattr(settings, "PIP_CONFIGURATIONS", ("~/.config/pip/pip.conf",))
    monkeypatch.setattr(settings, "NPM_CONFIGURATIONS", ("~/.npmrc",))
    return tmp_path / "root"


def _write(path: Path, content: str) -> None:
    path.parent.mkdir(parents=True)
    path.write_text(content)


def test_pips_default_index_is_pips_own(root: Path) -> None:
    assert settings.pip_index(root) == "https://pip.example/simple"


def test_pip_configuration_goes_before_the_default(root: Path) -> None:
    _write(
        Path("~/.config/pip/pip.conf").expanduser(),
        "[global]\nindex-url = https://mirror.example/100%/simple\n",
    )
    assert settings.pip_index(root) == "https://mirror.example/100%/simple"


def test_pip_variable_goes_before_the_configuration(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "https://other.example/simple")
    assert settings.pip_index(root) == "https://other.example/simple"


def test_mavens_default_is_the_super_poms_central(root: Path) -> None:
    assert settings.maven_mirror(root) == "https://maven.example/maven2"


def test_maven_mirror_of_central_goes_before_the_default(root: Path) -> None:
    _write(
        Path("~/.m2/settings.xml").expanduser(),
        '<settings xmlns="http://maven.apache.org/SETTINGS/1.2.0"><mirrors>'
        "<mirror><mirrorOf>other</mirrorOf><url>https://wrong.example</url></mirror>"
        "<mirror><mirrorOf>central</mirrorOf><url>https://mirror.example/m2/</url></mirror>"
        "</mirrors></settings>",
    )
    assert settings.maven_mirror(root) == "https://mirror.example/m2"


def test_npms_default_is_the_registry_that_node_js_downloads_from(root: Path) -> None:
    assert settings.npm_registry(root) == "https://npm.example"


@pytest.mark.parametrize(
    "line",
    [
        "registry=https://mirror.example/npm/",
        "registry = https://mirror.example/npm",
        "@scope:registry=https://wrong.example\nregistry=${MIRROR}/npm",
    ],
)
def test_npm_configuration_goes_before_the_default(
    root: Path, monkeypatch: pytest.MonkeyPatch, line: str
) -> None:
    monkeypatch.setenv("MIRROR", "https://mirror.example")
    _write(Path("~/.npmrc").expanduser(), f"fund=false\n{line}\n")
    assert settings.npm_registry(root) == "https://mirror.example/npm"


def test_npm_configuration_without_a_registry_leaves_the_default(root: Path) -> None:
    _write(Path("~/.npmrc").expanduser(), "fund=false\n")
    assert settings.npm_registry(root) == "https://npm.example"


@pytest.mark.parametrize("variable", ["NPM_CONFIG_REGISTRY", "npm_config_registry"])
def test_npm_variable_goes_before_the_configuration(
    root: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    _write(Path("~/.npmrc").expanduser(), "registry=https://mirror.example/npm\n")
    monkeypatch.setenv(variable, "https://other.example/npm/")
    assert settings.npm_registry(root) == "https://other.example/npm"


def test_key_store_holds_every_certificate_and_its_keyed_digest() -> None:
    bundle = certifi.contents()
    store = trust_store.key_store(bundle)
    number_of_certificates = bundle.count("BEGIN CERTIFICATE")
    assert number_of_certificates > 100
    assert store[:12] == bytes.fromhex("feedfeed00000002") + number_of_certificates.to_bytes(4)
    key = "changeit".encode("utf-16-be") + b"Mighty Aphrodite"
    assert store[-20:] == hashlib.sha1(key + store[:-20], usedforsecurity=False).digest()
