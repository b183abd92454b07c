"""Each check of a zip finds what it is for, and nothing in a zip that is right."""

import zipfile
from pathlib import Path

import pytest

from tools.build.lambdas.checks import contents, entries
from tools.build.lambdas.checks.archive import Archive, ArchiveError
from tools.build.lambdas.checks.imports import python_handler
from tools.build.lambdas.checks.shared_objects import count, shared_objects
from tools.build.lambdas.checks.size import size
from tools.build.lambdas.tests.archives import entry, make, metadata, pack

# The beginnings of 64-bit little-endian ELF files (System V ABI, chapter 4).
ELF = {
    architecture: b"\x7fELF\x02\x01" + bytes(12) + machine.to_bytes(2, "little") + bytes(44)
    for architecture, machine in {"arm64": 183, "x86_64": 62}.items()
}


def test_a_zip_that_is_right_has_nothing_wrong(tmp_path: Path) -> None:
    files = metadata("pydantic") | {"functions/f/handler.py": b"", "six.py": b""}
    archive = Archive.read(make(tmp_path / "a.zip", files))
    assert [] == [
        *entries.order(archive),
        *entries.times(archive),
        *entries.modes(archive),
        *contents.dev_packages(archive),
        *contents.test_files(archive),
        *size(archive, 1, None),
    ]


def test_entries_that_are_not_sorted_are_named(tmp_path: Path) -> None:
    archive = Archive.read(pack(tmp_path / "a.zip", [(entry("b"), b""), (entry("a"), b"")]))
    assert ["a comes after b"] == list(entries.order(archive))


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_an_entry_that_is_there_twice_is_named(tmp_path: Path) -> None:
    archive = Archive.read(pack(tmp_path / "a.zip", [(entry("a"), b""), (entry("a"), b"")]))
    assert ["a comes after a"] == list(entries.order(archive))


def test_an_entry_with_a_time_is_named(tmp_path: Path) -> None:
    info = entry("a", time=(2026, 1, 2, 3, 4, 6))
    archive = Archive.read(pack(tmp_path / "a.zip", [(info, b"")]))
    assert ["a has the time (2026, 1, 2, 3, 4, 6)"] == list(entries.times(archive))


def test_an_entry_that_not_all_can_read_is_named(tmp_path: Path) -> None:
    archive = Archive.read(pack(tmp_path / "a.zip", [(entry("a", mode=0o600), b"")]))
    assert ["a has the mode 0600, not 0644"] == list(entries.modes(archive))


def test_a_development_package_is_named_with_what_needs_it(tmp_path: Path) -> None:
    files = (
        metadata("pytest", "9.0")
        | metadata(
            "pydantic", requires=("typing-extensions>=4", "Pytest>=8 ; python_version > '3'")
        )
        | metadata("typing-extensions", requires=("pytest ; extra == 'dev'",))
    )
    archive = Archive.read(make(tmp_path / "a.zip", files))
    (problem,) = contents.dev_packages(archive)
    assert problem.startswith("pytest 9.0 is a development package, needed by pydantic; ")
    assert "@pip//pytest" in problem


@pytest.mark.parametrize(
    "name",
    [
        "boto3-stubs",
        "hypothesis",
        "moto",
        "mypy",
        "mypy-extensions",
        "pytest-asyncio",
        "types-boto3",
        "Types_Requests",
    ],
)
def test_packages_that_only_developers_need_are_known(tmp_path: Path, name: str) -> None:
    archive = Archive.read(make(tmp_path / "a.zip", metadata(name)))
    (problem,) = contents.dev_packages(archive)
    assert "asked for by a library or an extra" in problem


@pytest.mark.parametrize("name", ["boto3", "motor", "pipe", "typing-extensions", "uvicorn"])
def test_packages_with_names_alike_are_none_of_those(tmp_path: Path, name: str) -> None:
    archive = Archive.read(make(tmp_path / "a.zip", metadata(name)))
    assert [] == list(contents.dev_packages(archive))


@pytest.mark.parametrize(
    "name",
    [
        "functions/f/conftest.py",
        "functions/f/test_handler.py",
        "functions/f/tests/helpers.py",
        "handler.test.js",
        "handler.test.mjs",
        "libs/dynamo/tests/data.json",
    ],
)
def test_a_test_of_ours_is_named(tmp_path: Path, name: str) -> None:
    archive = Archive.read(make(tmp_path / "a.zip", {name: b""}))
    (problem,) = contents.test_files(archive)
    assert problem.startswith(f"{name} is a test, or lies among tests")


@pytest.mark.parametrize(
    "name", ["functions/f/testing.py", "functions/f/latest.py", "opentelemetry/test_attributes.py"]
)
def test_what_is_only_called_alike_is_no_test(tmp_path: Path, name: str) -> None:
    archive = Archive.read(make(tmp_path / "a.zip", {name: b""}))
    assert [] == list(contents.test_files(archive))


def test_a_zip_over_its_budget_is_named_with_its_largest_files(tmp_path: Path) -> None:
    files = {"small": b"", "large": bytes(2_000_001)}
    archive = Archive.read(make(tmp_path / "a.zip", files))
    (problem,) = size(archive, 2, None)
    assert problem.startswith("2.0 MB unpacked, the budget is 2 MB; the largest: large 2.0")
    assert [] == list(size(archive, 3, None))


def test_a_zip_file_over_its_budget_is_named(tmp_path: Path) -> None:
    archive = Archive.read(make(tmp_path / "a.zip", {"a": bytes(3000)}))
    assert ["3.1 kB zipped, the budget is 3 kB"] == list(size(archive, 1, 3))


def test_no_budget_is_above_what_lambda_takes(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as content:
        for number in range(6):
            content.writestr(entry(f"{number}"), bytes(50_000_000))
    problems = list(size(Archive.read(path), 1000, None))
    assert ["300.0 MB unpacked, Lambda's limit is 250 MB"] == problems


def test_a_shared_object_of_the_other_architecture_is_named(tmp_path: Path) -> None:
    unpacked = tmp_path / "unpacked"
    files = {"a/one.so": ELF["arm64"], "a/two.bin": ELF["x86_64"], "a/text.so": b"no ELF"}
    Archive.read(make(tmp_path / "a.zip", files)).unpack(unpacked)
    assert 2 == count(unpacked)
    assert ["a/two.bin is for amd64, the zip is for arm64"] == list(
        shared_objects(unpacked, "arm64")
    )
    assert ["a/one.so is for arm64, the zip is for x86_64"] == list(
        shared_objects(unpacked, "x86_64")
    )


@pytest.mark.parametrize("name", ["../outside", "/outside", "a/../../outside"])
def test_an_entry_outside_of_the_folder_is_refused(tmp_path: Path, name: str) -> None:
    archive = Archive.read(pack(tmp_path / "a.zip", [(entry(name), b"")]))
    with pytest.raises(ArchiveError, match="is outside of the zip"):
        archive.unpack(tmp_path / "unpacked")


def test_a_link_is_refused(tmp_path: Path) -> None:
    archive = Archive.read(pack(tmp_path / "a.zip", [(entry("a", mode=0o120777), b"/etc")]))
    with pytest.raises(ArchiveError, match="a is a link"):
        archive.unpack(tmp_path / "unpacked")


def test_a_handler_is_imported_from_the_folders_alone(tmp_path: Path) -> None:
    # pytest is on the path here, and not there.
    (tmp_path / "module.py").write_text("import pytest\ndef handle(): ...\n")
    problem = python_handler([tmp_path], "module.handle").problem
    assert problem is not None
    assert "No module named 'pytest'" in problem


def test_a_handler_that_is_not_there_is_named(tmp_path: Path) -> None:
    (tmp_path / "module.py").write_text("handle = 1\n")
    assert "module has no function handle" == python_handler([tmp_path], "module.handle").problem


def test_a_handler_that_reads_settings_is_imported_with_those_that_are_given(
    tmp_path: Path,
) -> None:
    (tmp_path / "module.py").write_text("import os\nos.environ['SHOP']\ndef handle(): ...\n")
    assert python_handler([tmp_path], "module.handle", {"SHOP": "s-1"}).problem is None
    problem = python_handler([tmp_path], "module.handle").problem
    assert problem is not None
    assert "KeyError: 'SHOP'" in problem


def test_an_import_is_timed_and_its_slowest_modules_are_named(tmp_path: Path) -> None:
    (tmp_path / "slow.py").write_text("import time\ntime.sleep(0.5)\n")
    (tmp_path / "module.py").write_text("import slow\ndef handle(): ...\n")
    imported = python_handler([tmp_path], "module.handle")
    assert imported.problem is None
    assert 500 <= imported.best_ms < 5000
    assert "slow" == imported.slowest[0][0]
