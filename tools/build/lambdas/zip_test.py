"""The `:zip_test` of a function: looks at its real zips, and imports the handler from them alone.

Checks order, times and modes of the entries, size, that there is neither a development package nor
a test, that every shared object is for the zip's architecture, and that the handler can be imported
from the unpacked zip alone. A zip for another architecture than the machine's is not imported, nor
is anything when its runtime is not at hand. Figures go to the test's outputs as zip.json, zip.md.
"""

import argparse
import os
import platform
import sys
import tempfile
from pathlib import Path

from tools.build.lambdas.checks import contents, entries
from tools.build.lambdas.checks.archive import Archive, ArchiveError
from tools.build.lambdas.checks.imports import Imported, python_handler
from tools.build.lambdas.checks.node_imports import node_handler
from tools.build.lambdas.checks.report import Figures, markdown, write
from tools.build.lambdas.checks.shared_objects import count, shared_objects
from tools.build.lambdas.checks.size import size
from tools.build.lambdas.digest import code_sha256

_MACHINES = {"aarch64": "arm64", "x86_64": "x86_64"}


def inspect(archive: Archive, arguments: argparse.Namespace) -> list[str]:
    """Everything that is wrong with a zip as it lies there."""
    return [
        *entries.order(archive),
        *entries.times(archive),
        *entries.modes(archive),
        *contents.dev_packages(archive),
        *contents.test_files(archive),
        *size(archive, arguments.size_budget_mb, arguments.zipped_budget_kb),
    ]


def imported(unpacked: Path, scratch: Path, arguments: argparse.Namespace) -> Imported:
    """Import the handler as the runtime would."""
    if arguments.runtime.startswith("nodejs"):
        library = arguments.runtime_library
        if library:
            # Where Node.js looks: node_modules of a folder above.
            (scratch / "node_modules").mkdir(exist_ok=True)
            (scratch / "node_modules" / library.name).symlink_to(library.absolute())
        return node_handler(
            arguments.node.resolve(), unpacked, arguments.handler, arguments.environment
        )
    folders = [unpacked]
    if arguments.runtime_library:
        library = scratch / "runtime_library"
        if not library.exists():
            Archive.read(arguments.runtime_library).unpack(library)
        folders.append(library)
    return python_handler(folders, arguments.handler, arguments.environment)


def examine(
    architecture: str, zip_file: Path, scratch: Path, arguments: argparse.Namespace
) -> tuple[Figures | None, list[str]]:
    """Return a zip's figures, and what is wrong with it."""
    try:
        archive = Archive.read(zip_file)
        unpacked = scratch / architecture
        archive.unpack(unpacked)
    except ArchiveError as error:
        return None, [str(error)]
    problems = inspect(archive, arguments)
    problems += shared_objects(unpacked, architecture)
    result = None
    if architecture == _MACHINES.get(platform.machine()):
        result = imported(unpacked, scratch, arguments)
        problems += [result.problem] if result.problem else []
    figures = Figures(
        name=zip_file.name,
        architecture=architecture,
        runtime=arguments.runtime,
        code_sha256=code_sha256(zip_file),
        zipped_bytes=archive.zipped_bytes,
        unzipped_bytes=archive.unzipped_bytes,
        files=len(archive.files),
        shared_objects=count(unpacked),
        packages=tuple(f"{one.name} {one.version}" for one in contents.distributions(archive)),
        import_ms=result.best_ms if result and not result.problem else None,
        slowest_imports=result.slowest if result else (),
    )
    return figures, problems


def parse(words: list[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Test a function's zips.")
    parser.add_argument("--zip", action="append", required=True, metavar="ARCHITECTURE=FILE")
    parser.add_argument("--handler", required=True)
    parser.add_argument("--runtime", required=True)
    parser.add_argument(
        "--runtime-library",
        type=Path,
        help="what the runtime has, the AWS SDK: a zip, or the folder of an npm scope",
    )
    parser.add_argument("--node", type=Path, help="Node.js, for its runtimes")
    parser.add_argument("--env", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("--size-budget-mb", type=int, required=True)
    parser.add_argument("--zipped-budget-kb", type=int)
    arguments = parser.parse_args(words)
    if arguments.runtime.startswith("nodejs") and not arguments.node:
        parser.error("--runtime=nodejs... needs --node")
    arguments.environment = dict(pair.split("=", maxsplit=1) for pair in arguments.env)
    return arguments


def main(words: list[str]) -> int:
    """Print what was measured, and every problem on a line of its own."""
    arguments = parse(words)
    figures: list[Figures] = []
    failed = False
    with tempfile.TemporaryDirectory(dir=os.environ.get("TEST_TMPDIR")) as scratch:
        for pair in arguments.zip:
            architecture, _, zip_file = pair.partition("=")
            one, problems = examine(architecture, Path(zip_file), Path(scratch), arguments)
            figures += [one] if one else []
            failed |= bool(problems)
            for problem in problems:
                print(f"FAIL: {architecture}: {problem}")
    print(markdown(figures), end="")
    if outputs := os.environ.get("TEST_UNDECLARED_OUTPUTS_DIR"):
        write(figures, Path(outputs))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
