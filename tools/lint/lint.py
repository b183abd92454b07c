"""Check, or with --fix correct, the format, the style and the types of every file that git knows.

Usage: bazel run //:lint [-- --fix]

Exits with 1 and the tools' own messages if anything is left to do by hand.
"""

import argparse
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import ruff

# Programs that import each other without `tools.` in front, because they run before Bazel does.
BEFORE_BAZEL = ("tools/bazel_launcher/", "tools/registry_only/")


def tracked(*patterns: str) -> list[str]:
    """Return the files of the working tree that git tracks, or would."""
    listed = subprocess.run(  # noqa: S603
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", *patterns],  # noqa: S607
        check=True,
        capture_output=True,
        text=True,
    )
    return [name for name in listed.stdout.splitlines() if Path(name).exists()]


def check(title: str, command: Iterable[str], **variables: str) -> bool:
    """Run one tool; print its output only if it has something to say."""
    done = subprocess.run(  # noqa: S603
        list(command),
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, **variables},
    )
    clean = done.returncode == 0
    print(f"{'ok    ' if clean else 'FAILED'}  {title}")
    if not clean:
        print(done.stdout)
    return clean


def main(arguments: list[str]) -> int:
    """Run every tool, even after one has failed."""
    parser = argparse.ArgumentParser(prog="//:lint", description=__doc__)
    parser.add_argument("--fix", action="store_true", help="correct what can be corrected")
    fix = parser.parse_args(arguments).fix
    # Bazel lays a wheel out as site-packages/ and bin/, side by side.
    ruff_program = str(Path(ruff.__file__).parents[2] / "bin" / "ruff")
    # This one's wheel holds no module to start from; BUILD.bazel says where it is.
    shellcheck = str(Path(os.environ["SHELLCHECK"]).absolute())
    biome = str(Path(os.environ["BIOME"]).absolute())
    os.chdir(os.environ["BUILD_WORKSPACE_DIRECTORY"])

    python = tracked("*.py")
    early = [name for name in python if name.startswith(BEFORE_BAZEL)]
    late = [name for name in python if name not in early]
    early = [name for name in early if not {"modules", "tests"}.intersection(Path(name).parts)]
    scripts = tracked("*.ts", "*.mjs", "*.cjs", "*.json")
    shell = tracked("*.sh", "tools/bazel", "tools/hooks/pre-*", ".ci/run")
    # mypy looks for packages on its own path; the wheels are on this program's.
    wheels = os.pathsep.join(path for path in sys.path if path.endswith("/site-packages"))
    type_check = [
        sys.executable,
        "-m",
        "mypy",
        "--no-error-summary",
        f"--cache-dir={Path.home() / '.cache/granary/mypy'}",
        "--follow-imports=silent",
    ]
    results = [
        check("ruff format", [ruff_program, "format", *([] if fix else ["--diff"]), *python]),
        check("ruff check", [ruff_program, "check", *(["--fix"] if fix else []), *python]),
        check(
            "mypy",
            [*type_check, *late],
            MYPYPATH=".",
            PYTHONPATH=wheels,
        ),
        check(
            "mypy (tools/bazel)",
            [*type_check, *early],
            MYPYPATH="tools",
            PYTHONPATH=wheels,
        ),
        check(
            "biome",
            [biome, "check", "--error-on-warnings", *(["--write"] if fix else []), *scripts],
            # What rules_js wants of a program that it starts outside of Bazel's own folders.
            BAZEL_BINDIR=".",
        ),
        check("shellcheck", [shellcheck, *shell]),
    ]
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
