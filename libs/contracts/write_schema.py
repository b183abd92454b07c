"""Write the schema of one contract.

Usage: write_schema CONTRACT OUTPUT, with a contract as in `order_events.v1`.
"""

import sys
from pathlib import Path

from libs.contracts.registry import CONTRACTS
from libs.contracts.schemas import schema_text


def main(contract_id: str, output: str) -> int:
    """Return the exit code."""
    contract = CONTRACTS.get(contract_id)
    if contract is None:
        print(f"{contract_id}: not in registry.py, which has {', '.join(sorted(CONTRACTS))}")
        return 1
    Path(output).write_text(schema_text(contract), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
