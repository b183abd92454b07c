"""The lock agrees with artifacts.toml, and says no more than it should."""

import json
import re
from pathlib import Path

import pytest

from tools.build.maven.update import (
    LockedRepository,
    UpdateError,
    locked_file,
    project,
    read_requests,
)

# Not resolved: the files beside this test's folder in the runfiles are meant.
FOLDER = Path(__file__).parent.parent
LOCK: dict[str, LockedRepository] = json.loads((FOLDER / "maven.lock.json").read_text())


def test_the_lock_was_made_from_the_present_artifacts() -> None:
    made_from = {name: repository["made_from"] for name, repository in LOCK.items()}
    assert read_requests(FOLDER / "artifacts.toml") == made_from, (
        "run `tools/bazel run //tools/build/maven:update`"
    )


@pytest.mark.parametrize("repository", LOCK)
def test_every_requested_artifact_is_locked_and_every_excluded_one_is_not(repository: str) -> None:
    locked = {file["coordinates"] for file in LOCK[repository]["files"]}
    assert locked >= set(LOCK[repository]["made_from"]["artifacts"])
    names = {":".join(coordinates.split(":")[:2]) for coordinates in locked}
    assert not names & set(LOCK[repository]["made_from"]["exclusions"])


@pytest.mark.parametrize("repository", LOCK)
def test_files_are_sorted_hashed_and_differ_in_name(repository: str) -> None:
    files = LOCK[repository]["files"]
    coordinates = [file["coordinates"] for file in files]
    assert coordinates == sorted(coordinates)
    assert all(re.fullmatch("[0-9a-f]{64}", file["sha256"]) for file in files)
    assert all(file["size"] > 0 for file in files)
    # The repository is one flat folder.
    assert len({entry.partition(":")[2] for entry in coordinates}) == len(files)


def test_the_lock_holds_no_address() -> None:
    assert "://" not in (FOLDER / "maven.lock.json").read_text()


@pytest.mark.parametrize(
    ("path", "coordinates"),
    [
        ("org/a/b/1.0/b-1.0.jar", "org.a:b:1.0"),
        ("org/a/b/1.0/b-1.0-linux-x86_64.jar", "org.a:b:1.0:linux-x86_64"),
    ],
)
def test_a_path_in_a_repository_becomes_coordinates(
    tmp_path: Path, path: str, coordinates: str
) -> None:
    (tmp_path / path).parent.mkdir(parents=True)
    (tmp_path / path).write_bytes(b"abc")
    assert locked_file(tmp_path / path, tmp_path) == {
        "coordinates": coordinates,
        "sha256": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        "size": 3,
    }


def test_what_is_not_a_jar_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "org/a/lib-b/1.0.392/lib-b-1.0.392.so"
    with pytest.raises(UpdateError, match=r"org\.a:lib-b:1\.0\.392 is not a jar .*exclusions"):
        locked_file(path, tmp_path)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ('artifacts = ["group:artifact"]', r"\[jars\] artifacts: 'group:artifact' is not"),
        ('artifacts = ["group::1"]', r"'group::1' is not group:artifact:version"),
        ('exclusions = ["a:b:c"]', r"'a:b:c' is not group:artifact$"),
        ("versions = []", r"\[jars\] has the unknown key 'versions'"),
    ],
)
def test_a_malformed_table_is_refused_by_name(tmp_path: Path, table: str, message: str) -> None:
    (tmp_path / "artifacts.toml").write_text(f"[jars]\n{table}\n")
    with pytest.raises(UpdateError, match=message):
        read_requests(tmp_path / "artifacts.toml")


def test_coordinates_are_escaped_in_the_project() -> None:
    text = project({"artifacts": ["a&b:c:1"], "exclusions": []})
    assert "<groupId>a&amp;b</groupId>" in text
