"""Packages in two versions on one path; //services/tests/own_resolve shows it on real ones."""

import site
from pathlib import Path

import pytest

from tools.build.python_test.resolves import two_versions


def hub(folder: Path, *wheels: str) -> str:
    """Make a wheel's folder as rules_python lays it out; return what is on the path."""
    for wheel in wheels:
        (folder / "site-packages" / f"{wheel}.dist-info").mkdir(parents=True)
    return str(folder / "site-packages")


def test_another_version_is_told_with_the_places_of_both(tmp_path: Path) -> None:
    path = [
        hub(tmp_path / "pip_pandas", "pandas-3.1.1"),
        hub(tmp_path / "pip_own_pandas", "pandas-2.3.3"),
    ]
    (problem,) = two_versions(path)
    assert problem.startswith(
        "pandas is here in two versions, 3.1.1 (pip_pandas) and 2.3.3 (pip_own_pandas): "
    )


def test_names_are_compared_as_indexes_do(tmp_path: Path) -> None:
    path = [
        hub(tmp_path / "a", "Typing_Extensions-4.0"),
        hub(tmp_path / "b", "typing.extensions-5.0"),
    ]
    assert 1 == len(two_versions(path))


def test_one_version_from_two_hubs_does_no_harm(tmp_path: Path) -> None:
    path = [hub(tmp_path / "a", "six-1.17.0"), hub(tmp_path / "b", "six-1.17.0", "pytz-2026.6")]
    assert [] == two_versions(path)


def test_the_interpreters_own_packages_are_not_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = hub(tmp_path / "python", "packaging-20.0")
    monkeypatch.setattr(site, "getsitepackages", lambda: [own])
    assert [] == two_versions([hub(tmp_path / "a", "packaging-26.0"), own])
