"""The stand-in's choice of wheels is pip's, and a wheel stays inside its folder."""

import importlib.util
import zipfile
from pathlib import Path

import pytest

_SOURCE = Path("tools/registry_only/modules/rules_python/python/extensions/wheel.py")
_spec = importlib.util.spec_from_file_location("wheel", _SOURCE)
assert _spec is not None and _spec.loader is not None
wheel = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(wheel)

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
