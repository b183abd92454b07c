"""The `:zip_test` on functions' real zips: the good one passes, the bad one fails with names."""

import json
import os
from pathlib import Path
from zipfile import ZipFile

import pytest

from tools.build.lambdas.checks.archive import Archive
from tools.build.lambdas.digest import code_sha256
from tools.build.lambdas.zip_test import main

EXAMPLES = "tools.build.lambdas.examples"


def options(example: str, *more: str) -> list[str]:
    return [
        f"--handler={EXAMPLES}.{example}.handler.handle",
        "--runtime=python3.13",
        f"--runtime-library={os.environ['AWS_SDK']}",
        "--size-budget-mb=250",
        *more,
    ]


@pytest.fixture(autouse=True)
def outputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TEST_UNDECLARED_OUTPUTS_DIR", str(tmp_path))
    return tmp_path


def test_a_function_that_is_right_passes_and_leaves_its_figures(outputs: Path) -> None:
    zip_file = os.environ["GREETER_X86_64"]
    assert 0 == main(options("greeter", f"--zip=x86_64={zip_file}"))
    (figures,) = json.loads((outputs / "zip.json").read_text())
    assert code_sha256(Path(zip_file)) == figures["code_sha256"]
    assert Path(zip_file).stat().st_size == figures["zipped_bytes"]
    assert figures["unzipped_bytes"] > figures["zipped_bytes"]
    assert figures["shared_objects"] >= 1
    assert any(one.startswith("pydantic-core ") for one in figures["packages"])
    assert "greeter_x86_64.zip" in (outputs / "zip.md").read_text()


def test_the_sdk_is_in_the_zip_only_when_the_runtime_is_not_to_provide_it() -> None:
    zip_file = os.environ["GREETER_WITH_SDK"]
    assert 0 == main(options("greeter", f"--zip=x86_64={zip_file}"))
    with_sdk, without = (
        {name.partition("/")[0] for name in ZipFile(file).namelist()}
        for file in (zip_file, os.environ["GREETER_X86_64"])
    )
    assert {"boto3", "botocore", "s3transfer"} <= with_sdk - without


@pytest.mark.parametrize(
    ("said", "other"), [("arm64", "GREETER_X86_64"), ("x86_64", "GREETER_ARM64")]
)
def test_a_zip_for_another_architecture_than_it_says_fails(
    capsys: pytest.CaptureFixture[str], said: str, other: str
) -> None:
    assert 1 == main(options("greeter", f"--zip={said}={os.environ[other]}"))
    assert f"the zip is for {said}" in capsys.readouterr().out


def test_a_function_that_ships_development_packages_and_tests_fails_with_their_names(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert 1 == main(options("unfit", f"--zip=arm64={os.environ['UNFIT_ARM64']}"))
    failures = [
        line for line in capsys.readouterr().out.splitlines() if line.startswith("FAIL: arm64: ")
    ]
    assert any("hypothesis" in line and "asked for by a library" in line for line in failures)
    assert any("pytest " in line and "needed by pytest-asyncio" in line for line in failures)
    assert any("examples/unfit/tests/helpers.py is a test" in line for line in failures)


def test_a_zip_over_its_budget_fails(capsys: pytest.CaptureFixture[str]) -> None:
    words = [*options("greeter", f"--zip=arm64={os.environ['GREETER_ARM64']}")]
    words[words.index("--size-budget-mb=250")] = "--size-budget-mb=1"
    assert 1 == main(words)
    assert "the budget is 1 MB" in capsys.readouterr().out


def test_a_handler_that_needs_what_the_zip_has_not_fails(
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = options("unfit", f"--zip=x86_64={os.environ['GREETER_X86_64']}")
    assert 1 == main(words)
    assert "cannot be imported from the zip alone" in capsys.readouterr().out


def test_a_file_that_is_no_zip_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "f.zip").write_text("no zip")
    assert 1 == main(options("greeter", f"--zip=x86_64={tmp_path}/f.zip"))
    assert "File is not a zip file" in capsys.readouterr().out


def test_third_party_is_at_the_root_and_ours_at_its_path_with_bytecode_and_no_sdk() -> None:
    names = {entry.filename for entry in Archive.read(Path(os.environ["GREETER_ARM64"])).files}
    folder = "tools/build/lambdas/examples/greeter"
    assert {
        f"{folder}/handler.py",
        f"{folder}/__pycache__/handler.cpython-313.pyc",
        "pydantic_core/__init__.py",
        "pydantic_core/_pydantic_core.cpython-313-aarch64-linux-gnu.so",
        "typing_extensions.py",
    } <= names
    assert not [name for name in names if name.startswith(("boto3", "botocore", "urllib3"))]


def test_the_digest_that_deploys_read_is_that_of_the_zip() -> None:
    digest = Path(os.environ["GREETER_ARM64_DIGEST"]).read_text().strip()
    assert code_sha256(Path(os.environ["GREETER_ARM64"])) == digest
