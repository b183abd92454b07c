"""`:load` gives the image to the engine that runs. The engines here keep what they get."""

import json
import os
import subprocess
import tarfile
from pathlib import Path

import pytest

ENGINE = """#!/bin/sh
[ "$1" = info ] && exit {info}
[ "$1" = load ] && exec cat > {archive}
"""


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    return tmp_path / "archive.tar"


def load(folder: Path, **engines: str) -> subprocess.CompletedProcess[str]:
    """Run `:load` with only these engines and the system's tools on PATH."""
    for name, script in engines.items():
        program = folder / name
        program.write_text(script)
        program.chmod(0o755)
    return subprocess.run(
        [os.environ["LOAD"]],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PATH": f"{folder}:/usr/bin:/bin"},
    )


def test_the_engine_gets_the_image_under_its_name(tmp_path: Path, archive: Path) -> None:
    done = load(tmp_path, docker=ENGINE.format(info=0, archive=archive))
    assert done.returncode == 0, done.stderr
    with tarfile.open(archive) as tar:
        manifest = json.load(tar.extractfile("manifest.json") or pytest.fail("no manifest"))
        names = set(tar.getnames())
    assert [["granary/greeter:dev"]] == [image["RepoTags"] for image in manifest]
    assert len(manifest[0]["Layers"]) == 5
    assert names >= {manifest[0]["Config"], *manifest[0]["Layers"]}


def test_an_engine_that_does_not_run_is_passed_over(tmp_path: Path, archive: Path) -> None:
    done = load(
        tmp_path,
        docker=ENGINE.format(info=1, archive=tmp_path / "wrong"),
        podman=ENGINE.format(info=0, archive=archive),
    )
    assert done.returncode == 0, done.stderr
    assert archive.exists()
    assert not (tmp_path / "wrong").exists()


def test_no_engine_is_one_line(tmp_path: Path, archive: Path) -> None:
    stopped = ENGINE.format(info=1, archive=archive)
    done = load(tmp_path, docker=stopped, podman=stopped)
    assert done.returncode != 0
    assert done.stderr == "load: no container engine runs here: start docker or podman\n"
