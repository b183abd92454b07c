"""Make the root filesystem that Bazel runs in, from Debian's signed archive, once.

apt resolves and downloads with a configuration of its own and checks the signatures; dpkg-deb
unpacks. No package's scripts run: what they would have set up and Bazel needs is done here. That
is why it works for every user, with neither root nor sub-uids.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from bazel_launcher.errors import LauncherError
from registry_only import apt, namespace

HERE = Path(__file__).resolve().parent
NEEDED_BYTES = 4_000_000_000
UNUSED_AFTER_SECONDS = 30 * 24 * 3600

PYTHON = ["/usr/bin/python3.13", "-m", "compileall", "-q", "-j0"]
PYTHON += ["--invalidation-mode=unchecked-hash", "-x", "/(test|idlelib)/", "/usr/lib/python3.13"]

# Of a package, these never matter to a build.
LEFT_OUT = ("./usr/share/doc", "./usr/share/man", "./usr/share/locale", "./usr/share/info")


def root_filesystem(cache: Path) -> Path:
    """Return the root filesystem for this checkout's list of packages, made first if need be.

    Raises:
        LauncherError: a tool, the disk's space or the network is missing.
    """
    folder = cache / "registry-only"
    root = folder / _key()
    if not root.is_dir():
        _make(root, folder)
    with contextlib.suppress(OSError):
        os.utime(root)  # says that it is in use, see _remove_unused
    return root


def _key() -> str:
    """Name a root filesystem after all that decides what is in it."""
    digest = hashlib.sha256(os.uname().machine.encode())
    for name in ("packages.txt", "prepare.py", "apt.py"):
        digest.update((HERE / name).read_bytes())
    return digest.hexdigest()[:16]


def _make(root: Path, folder: Path) -> None:
    apt.check_tools()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise LauncherError(f"cannot make {folder}: {error.strerror}") from error
    with _lock(folder / "lock"):
        if root.is_dir():
            return  # another call made it while this one waited
        for left_by_interruption in folder.glob("*.part"):
            shutil.rmtree(left_by_interruption, ignore_errors=True)
        free = shutil.disk_usage(folder).free
        if free < NEEDED_BYTES:
            raise LauncherError(
                f"{folder} has {free // 10**6} MB free and the build environment needs "
                f"{NEEDED_BYTES // 10**6} MB: free some, or set GRANARY_CACHE_DIR"
            )
        part = Path(tempfile.mkdtemp(dir=folder, suffix=".part"))
        try:
            _fill(part / "root", part / "apt")
            (part / "root").rename(root)
        except OSError as error:
            raise LauncherError(f"cannot write {folder}: {error.strerror}") from error
        finally:
            shutil.rmtree(part, ignore_errors=True)
        _remove_unused(folder, root)


@contextlib.contextmanager
def _lock(path: Path) -> Iterator[None]:
    with path.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _say("another call is preparing Bazel; waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _fill(root: Path, work: Path) -> None:
    started = time.monotonic()
    wanted = [
        line
        for line in (HERE / "packages.txt").read_text(encoding="utf-8").split("\n")
        if line and not line.startswith("#")
    ]
    _say("preparing Bazel 7.7.1 from Debian packages (once, about a minute)")
    _say("1/3 reading Debian's package lists")
    archive = apt.Archive(work)
    _say("2/3 downloading packages")
    packages = archive.download(wanted)
    _say(f"3/3 unpacking {len(packages)} packages")
    root.mkdir()
    _unpack_all(packages, root)
    _finish(root)
    _say(f"ready after {time.monotonic() - started:.0f} s")


def _unpack_all(packages: list[Path], root: Path) -> None:
    # base-files brings /bin -> usr/bin and the like, which the others' files must go through.
    first = [p for p in packages if p.name.startswith("base-files_")]
    rest = [p for p in packages if p not in first]
    for package in first:
        _unpack(package, root)
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        for _ in pool.map(lambda package: _unpack(package, root), rest):
            pass


def _unpack(package: Path, root: Path) -> None:
    archive = ["dpkg-deb", "--fsys-tarfile", str(package)]
    extract = ["tar", "-x", "-C", str(root), "--no-same-owner", "--keep-directory-symlink"]
    extract += [f"--exclude={path}" for path in LEFT_OUT]
    with subprocess.Popen(archive, stdout=subprocess.PIPE) as source:  # noqa: S603
        done = subprocess.run(  # noqa: S603
            extract, check=False, stdin=source.stdout, stderr=subprocess.PIPE, text=True
        )
    if source.returncode != 0 or done.returncode != 0:
        reason = done.stderr.strip().split("\n")[-1] or "the archive is damaged"
        raise LauncherError(f"cannot unpack {package.name}: {reason}")


def _finish(root: Path) -> None:
    """Do what the packages' own scripts would have done, as far as Bazel needs it."""
    (root / "etc/passwd").write_text("root:x:0:0:root:/root:/bin/bash\n", encoding="ascii")
    (root / "etc/group").write_text("root:x:0:\n", encoding="ascii")
    (root / "etc/nsswitch.conf").write_text("passwd: files\nhosts: files dns\n", encoding="ascii")
    java = next((root / "usr/lib/jvm").glob("java-21-openjdk-*"))
    # One name on every architecture, for settings to point at.
    (root / "usr/lib/jvm/jdk").symlink_to(java.name)
    (root / "usr/bin/java").symlink_to("/usr/lib/jvm/jdk/bin/java")
    # Bazel warns of a system-wide file that it was told not to read.
    shutil.rmtree(root / "etc/bazel")
    _compile_standard_library(root)


def _compile_standard_library(root: Path) -> None:
    """Compile Python's own modules: else every program compiles those that it imports, each time.

    That took a second of every test. The interpreter is run inside, for it is no other's bytecode.
    """
    # In a process of its own, because there is no way back out of a namespace.
    child = os.fork()
    if child == 0:
        try:
            namespace.enter(root, kept=())
            os.execv(PYTHON[0], PYTHON)  # noqa: S606
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    if status != 0:
        raise LauncherError("Python's own modules could not be compiled in the root filesystem")


def _remove_unused(folder: Path, current: Path) -> None:
    for other in folder.iterdir():
        is_old = time.time() - other.stat().st_mtime > UNUSED_AFTER_SECONDS
        if other.is_dir() and other != current and is_old:
            shutil.rmtree(other, ignore_errors=True)


def _say(message: str) -> None:
    print(f"tools/bazel: {message}", file=sys.stderr, flush=True)
