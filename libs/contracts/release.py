"""Keep the schemas of all contracts as released versions.

Usage: bazel run //libs/contracts:release

Writes nothing at all when any contract would break who uses its released version.
"""

import os
import sys
from pathlib import Path

from libs.contracts.registry import CONTRACTS
from libs.contracts.releases import breaks, read_released
from libs.contracts.schemas import SUFFIX, schema_text


def main(folder: Path) -> int:
    """Write released versions to a folder; return the exit code."""
    released = read_released(folder)
    known = [CONTRACTS[name] for name in CONTRACTS if name in released]
    refused = [broken for each in known if (broken := breaks(each, released[each.id]))]
    if refused:
        print("\n\n".join(refused), file=sys.stderr)
        return 1
    for name, contract in CONTRACTS.items():
        text = schema_text(contract)
        if released.get(name) != text:
            (folder / f"{name}{SUFFIX}").write_text(text, encoding="utf-8")
            print(f"released {name}")
    return 0


if __name__ == "__main__":
    workspace = Path(os.environ["BUILD_WORKSPACE_DIRECTORY"])
    sys.exit(main(workspace / "libs/contracts/released"))
