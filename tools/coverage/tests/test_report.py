"""The report, on small workspaces with a test run that is as Bazel leaves it."""

import subprocess
import sys
from pathlib import Path

import coverage
import pytest

from tools.coverage.report import LEAST, ReportError, main, measure, services

SETTINGS = Path("pyproject.toml").read_text(encoding="utf-8")
PROGRAM = "def used():\n    return 1\n\ndef unused():\n    return 2\n\nused()\n"


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace with one service, and the folder of its tests' outputs."""
    (tmp_path / "pyproject.toml").write_text(SETTINGS, encoding="utf-8")
    service = tmp_path / "services" / "till"
    (service / "tests").mkdir(parents=True)
    (service / "app.py").write_text(PROGRAM, encoding="utf-8")
    (service / "tests" / "test_app.py").write_text("assert True\n" * 50, encoding="utf-8")
    monkeypatch.setenv("BUILD_WORKSPACE_DIRECTORY", str(tmp_path))
    # What `bazel run` starts in is not the workspace.
    monkeypatch.chdir(tmp_path)
    return tmp_path


def note_a_run(workspace: Path, target: str, program: str = "app.py") -> None:
    """Run a file of the service as a test does: by a link in a folder of Bazel's."""
    sandbox = workspace / "sandbox" / target
    (sandbox / "services").mkdir(parents=True)
    (sandbox / "services" / "till").symlink_to(workspace / "services" / "till")
    outputs = workspace / "bazel-testlogs" / "services" / "till" / target / "test.outputs"
    outputs.mkdir(parents=True)
    script = (
        "import coverage, runpy\n"
        f"noting = coverage.Coverage(data_file={str(outputs / 'coverage')!r},"
        f" config_file={str(workspace / 'pyproject.toml')!r})\n"
        "noting.start()\n"
        f"runpy.run_path('services/till/{program}')\n"
        "noting.stop()\n"
        "noting.save()\n"
    )
    path = str(Path(coverage.__file__).parent.parent)
    subprocess.run(
        [sys.executable, "-c", script], check=True, cwd=sandbox, env={"PYTHONPATH": path}
    )


def test_lines_that_no_test_ran_are_named(workspace: Path) -> None:
    note_a_run(workspace, "unit_test")
    result = measure(workspace, "till")
    assert (result.lines, result.ran) == (5, 4)
    assert result.missing == ("services/till/app.py: 5",)


def test_a_file_that_no_test_imports_counts_as_not_run(workspace: Path) -> None:
    note_a_run(workspace, "unit_test")
    (workspace / "services" / "till" / "forgotten.py").write_text("a = 1\nb = 2\n")
    result = measure(workspace, "till")
    assert (result.lines, result.ran) == (7, 4)
    assert "services/till/forgotten.py: 1-2" in result.missing


def test_runs_of_several_targets_add_up(workspace: Path) -> None:
    other = workspace / "services" / "till" / "other.py"
    other.write_text("a = 1\n")
    note_a_run(workspace, "unit_test")
    note_a_run(workspace, "other_test", "other.py")
    assert measure(workspace, "till").ran == 5


def test_the_training_of_a_model_is_not_part_of_its_service(workspace: Path) -> None:
    note_a_run(workspace, "unit_test")
    training = workspace / "services" / "till" / "training"
    training.mkdir()
    (training / "train.py").write_text("a = 1\n")
    assert measure(workspace, "till").lines == 5


def test_a_service_below_the_least_fails_the_report(
    workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    note_a_run(workspace, "unit_test")
    assert main(["--missing"]) == 1
    printed = capsys.readouterr().out.splitlines()
    assert printed[0] == "services/till/app.py: 5"
    assert printed[-1] == f"till                    5      4    80.0 %  below {LEAST:g} %"


def test_a_service_above_the_least_passes(
    workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (workspace / "services" / "till" / "app.py").write_text("a = 1\n" * 9)
    note_a_run(workspace, "unit_test")
    assert main([]) == 0
    assert "100.0 %" in capsys.readouterr().out


def test_a_service_without_a_run_is_an_error_that_says_what_to_run(workspace: Path) -> None:
    assert services(workspace) == ["till"]
    with pytest.raises(ReportError, match=r"test --config=coverage //services/till/\.\.\."):
        main([])


def test_a_workspace_without_services_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BUILD_WORKSPACE_DIRECTORY", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ReportError, match="has no services"):
        main([])
