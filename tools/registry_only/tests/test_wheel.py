"""The stand-in's choice of wheels is pip's, and a distribution stays inside its folder."""

import importlib
import io
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

# Programs of a repository rule, not part of the workspace's packages.
_PROGRAMS = Path("tools/registry_only/modules/rules_python/python/extensions")
sys.path.insert(0, str(_PROGRAMS.absolute()))
wheel = importlib.import_module("wheel")
sdist = importlib.import_module("sdist")
sys.path.pop(0)

PAGE = "".join(
    f'<a href="../../files/demo-1.0-{tags}#sha256={number}">demo</a>\n'
    for number, tags in enumerate(
        [
            "py3-none-any.whl",
            "cp313-cp313-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
            "cp313-cp313-manylinux_2_28_aarch64.whl",
            "cp313-cp313-musllinux_1_2_x86_64.whl",
            "cp312-cp312-manylinux_2_17_x86_64.whl",
            "cp313-cp313-manylinux_2_99_x86_64.whl",
        ]
    )
)
URL = "https://index.example/simple/demo/"


@pytest.mark.parametrize(("cpu", "sha256"), [("x86_64", "1"), ("aarch64", "2")])
def test_the_most_specific_wheel_of_the_architecture_is_chosen(cpu: str, sha256: str) -> None:
    chosen = wheel.choose(PAGE, URL, cpu, set("012345"))
    assert chosen["sha256"] == sha256
    assert chosen["url"].startswith("https://index.example/files/demo-1.0-cp313")


def test_a_source_distribution_is_taken_where_no_wheel_fits() -> None:
    page = PAGE + '<a href="../../files/demo-1.0.tar.gz#sha256=s">demo</a>'
    assert wheel.choose(page, URL, "x86_64", {"s", "2"})["sha256"] == "s"
    assert wheel.choose(page, URL, "x86_64", {"s", "0"})["sha256"] == "0"


def test_a_wheel_that_the_lock_does_not_name_is_never_chosen() -> None:
    assert wheel.choose(PAGE, URL, "x86_64", {"0"})["sha256"] == "0"
    assert wheel.choose(PAGE, URL, "x86_64", {"9"}) is None


def test_wheels_for_another_libc_or_python_or_newer_glibc_are_no_choice() -> None:
    assert wheel.choose(PAGE, URL, "x86_64", {"3", "4", "5"}) is None


def test_data_folders_land_beside_site_packages(tmp_path: Path) -> None:
    archive = tmp_path / "demo.whl"
    with zipfile.ZipFile(archive, "w") as content:
        content.writestr("demo/__init__.py", "")
        content.writestr("demo-1.0.data/scripts/demo", "#!python")
        content.writestr("demo-1.0.data/purelib/demo/more.py", "")
    wheel.unpack(archive, tmp_path / "out")
    files = {str(p.relative_to(tmp_path / "out")) for p in tmp_path.glob("out/**/*") if p.is_file()}
    assert files == {"site-packages/demo/__init__.py", "site-packages/demo/more.py", "bin/demo"}
    assert (tmp_path / "out/bin/demo").stat().st_mode & 0o777 == 0o755


def test_an_entry_outside_of_the_folder_is_refused(tmp_path: Path) -> None:
    archive = tmp_path / "demo.whl"
    with zipfile.ZipFile(archive, "w") as content:
        content.writestr("../../evil.py", "")
    with pytest.raises(ValueError, match="leaves the folder"):
        wheel.unpack(archive, tmp_path / "out")
    assert not (tmp_path / "evil.py").exists()


def test_dependencies_follow_markers_and_extras() -> None:
    metadata = b"""\
Metadata-Version: 2.1
Name: demo
Version: 1.0
Requires-Dist: Always-There>=1
Requires-Dist: colorama; sys_platform == "win32"
Requires-Dist: arm.only; platform_machine == "aarch64"
Requires-Dist: fast; extra == "standard"
Requires-Dist: slow; extra == "other"
"""
    assert set(wheel.dependencies(metadata, "x86_64", [])) == {"always_there"}
    assert set(wheel.dependencies(metadata, "aarch64", ["standard"])) == {
        "always_there",
        "arm_only",
        "fast",
    }


SOURCE = {
    "PKG-INFO": "Metadata-Version: 2.4\nName: demo-pkg\nVersion: 1.0\nLicense-File: LICENSE\n",
    "LICENSE": "Do as you please.\n",
    "setup.py": "raise SystemExit",
    "demo_pkg.egg-info/top_level.txt": "demo_pkg\ndemo_single\n",
    "demo_pkg/__init__.py": "VALUE = 1\n",
    "demo_pkg/inner/part.py": "VALUE = 2\n",
    "demo_pkg/py.typed": "",
    "demo_pkg/notes.txt": "not installed",
    "demo_single.py": "VALUE = 3\n",
    "tests/test_demo.py": "assert False\n",
}


def source_distribution(files: dict[str, str]) -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as archive:
        for name, text in files.items():
            member = tarfile.TarInfo(f"demo_pkg-1.0/{name}")
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text.encode()))
    return content.getvalue()


def unpacked(files: dict[str, str], target: Path) -> set[str]:
    sdist.unpack(source_distribution(files), "demo_pkg", "1.0", target)
    return {str(path.relative_to(target)) for path in target.rglob("*") if path.is_file()}


def test_a_source_distribution_gives_its_modules_licence_and_metadata_alone(tmp_path: Path) -> None:
    assert unpacked(SOURCE, tmp_path) == {
        "demo_pkg/__init__.py",
        "demo_pkg/inner/part.py",
        "demo_pkg/py.typed",
        "demo_single.py",
        "demo_pkg-1.0.dist-info/METADATA",
        "demo_pkg-1.0.dist-info/licenses/LICENSE",
        "demo_pkg-1.0.dist-info/top_level.txt",
    }


def test_modules_in_a_source_folder_are_found(tmp_path: Path) -> None:
    moved = {
        f"src/{name}" if name.startswith(("demo_pkg/", "demo_single")) else name: text
        for name, text in SOURCE.items()
    }
    assert "demo_pkg/inner/part.py" in unpacked(moved, tmp_path)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"demo_pkg/fast.pyx": ""}, "fast.pyx would have to be compiled"),
        ({"demo_pkg.egg-info/top_level.txt": "other"}, "lacks its modules"),
        ({"demo_pkg/../../../out.py": ""}, "leaves the folder"),
    ],
)
def test_a_source_distribution_that_copying_cannot_install_is_refused(
    changed: dict[str, str], reason: str, tmp_path: Path
) -> None:
    with pytest.raises(sdist.SdistError, match=reason):
        unpacked(SOURCE | changed, tmp_path / "inner")
    assert not (tmp_path / "out.py").exists()


def test_a_source_distribution_without_a_list_of_modules_is_refused(tmp_path: Path) -> None:
    files = {name: text for name, text in SOURCE.items() if "egg-info" not in name}
    with pytest.raises(sdist.SdistError, match="does not list its modules"):
        unpacked(files, tmp_path)
