"""Import a handler of Node.js from an unpacked zip alone, and time it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path

from tools.build.lambdas.checks.imports import Imported, timed

_SECONDS = 60

_PROGRAM = """\
const started = performance.now();
const module = await import({module});
const ms = performance.now() - started;
console.log(JSON.stringify({{ ms, callable: typeof module[{function}] === "function" }}));
"""


def node_handler(
    node: Path, folder: Path, handler: str, environment: Mapping[str, str] | None = None
) -> Imported:
    """Import `file.function` from `folder` in fresh processes."""
    file, _, function = handler.rpartition(".")
    candidates = [folder / f"{file}{ending}" for ending in (".mjs", ".js", ".cjs")]
    module = next((path for path in candidates if path.exists()), None)
    if module is None:
        return Imported(f"the zip has no {file}.mjs, {file}.js or {file}.cjs")
    program = _PROGRAM.format(
        module=json.dumps(module.resolve().as_uri()), function=json.dumps(function)
    )

    def run() -> subprocess.CompletedProcess[str]:
        return subprocess.run(  # noqa: S603 - the toolchain's Node.js, on a program made here
            [node, "--enable-source-maps", "--input-type=module", "--eval", program],
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
            env={"AWS_REGION": "us-east-1", "PATH": "/usr/bin:/bin", **(environment or {})},
            cwd=folder,
        )

    missing = f"{module.name} exports no function {function}"
    return timed(run, module=module.name, missing=missing)
