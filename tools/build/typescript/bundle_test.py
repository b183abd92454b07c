"""The `:bundle_test` of typescript_lambda: nothing ships that is needed only to develop."""

import argparse
import json
import sys
from pathlib import Path

import yaml

from tools.build.typescript.inputs import LockError, runtime_packages, strangers


def main() -> int:
    """Print what is wrong and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inputs", type=Path, required=True, help="esbuild's metafile")
    parser.add_argument("--lock", type=Path, required=True, help="pnpm-lock.yaml")
    parser.add_argument("--importer", required=True, help="the function's folder")
    options = parser.parse_args()
    inputs = json.loads(options.inputs.read_text(encoding="utf-8"))["inputs"]
    lock = yaml.safe_load(options.lock.read_text(encoding="utf-8"))
    try:
        problems = list(strangers(inputs, runtime_packages(lock, options.importer)))
    except LockError as error:
        problems = [str(error)]
    sizes = sorted(((entry["bytes"], path) for path, entry in inputs.items()), reverse=True)
    print(f"{len(inputs)} files went in; the largest are")
    for size, path in sizes[:8]:
        print(f"{size:9} bytes  {path}")
    for problem in problems:
        print(f"FAILED  {problem}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
