"""A process enters a root filesystem and finds the host's folders at their own paths."""

import subprocess
import sys
from pathlib import Path

import pytest

ENTER = """
import os, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from registry_only import namespace
root, kept, *command = sys.argv[2:]
namespace.enter(Path(root), kept=[Path("/usr"), Path(kept)])
os.execv(command[0], command)
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A root filesystem that holds links to /usr and a file of its own."""
    root = tmp_path / "root"
    (root / "etc").mkdir(parents=True)
    (root / "etc/own").write_text("from the root filesystem\n")
    for name in ("bin", "lib", "lib64"):
        (root / name).symlink_to(f"usr/{name}")
    return root


def enter(root: Path, *command: str) -> subprocess.CompletedProcess[str]:
    import registry_only

    tools = Path(next(iter(registry_only.__path__))).parent
    return subprocess.run(
        [sys.executable, "-I", "-c", ENTER, tools, root, root.parent, *command],
        check=False,
        capture_output=True,
        text=True,
        cwd=root.parent,
    )


def test_its_own_etc_is_seen_and_the_hosts_is_not(root: Path) -> None:
    done = enter(root, "/usr/bin/ls", "/etc")
    assert done.returncode == 0, done.stderr
    names = done.stdout.split()
    assert "own" in names
    assert "shadow" not in names


def test_the_working_folder_stays(root: Path) -> None:
    done = enter(root, "/usr/bin/pwd")
    assert done.stdout.strip() == str(root.parent), done.stderr


def test_the_hosts_root_is_in_run_host(root: Path) -> None:
    done = enter(root, "/usr/bin/ls", "/run/host/usr/bin/ls")
    assert done.returncode == 0, done.stderr


def test_a_second_process_may_enter_at_the_same_time(root: Path) -> None:
    outer = f"{sys.executable} -c 'print(open(\"/etc/own\").read())'"
    both = [enter(root, "/usr/bin/sh", "-c", outer) for _ in range(2)]
    assert [done.stdout.strip() for done in both] == ["from the root filesystem"] * 2
