"""Contracts as they are now, beside their released versions in `released/`."""

import json
from collections.abc import Mapping
from pathlib import Path

from libs.contracts.compatibility import findings
from libs.contracts.registry import Contract
from libs.contracts.schemas import SUFFIX, schema_of, schema_text

RELEASE = "tools/bazel run //libs/contracts:release"


def read_released(folder: Path) -> dict[str, str]:
    """Return the texts of the released schemas by contract, as in `orders.v1`."""
    files = sorted(folder.glob(f"*{SUFFIX}"))
    return {file.name.removesuffix(SUFFIX): file.read_text(encoding="utf-8") for file in files}


def breaks(contract: Contract, released: str) -> str | None:
    """Return what keeps a contract from taking the place of its released version, if anything."""
    found = findings(json.loads(released), schema_of(contract))
    if not found:
        return None
    lines = [f"{contract.id} breaks who reads or writes by its released version:"]
    lines += [f"  {one.sentence}  [{one.rule}, {one.pointer}]" for one in found]
    lines.append(_way_out(contract))
    return "\n".join(lines)


def problems(contracts: Mapping[str, Contract], released: Mapping[str, str]) -> list[str]:
    """Return what is wrong between the contracts and their released versions, each with the way
    out."""
    found = [
        f"{name} is released, and gone from registry.py: keep it while anyone reads or writes by "
        f"it; after that delete released/{name}{SUFFIX}, too"
        for name in sorted(released.keys() - contracts.keys())
    ]
    for name, contract in sorted(contracts.items()):
        if name not in released:
            found.append(f"{name} has no released version: run `{RELEASE}`")
        elif broken := breaks(contract, released[name]):
            found.append(broken)
        elif schema_text(contract) != released[name]:
            found.append(f"{name} changed and breaks nothing: run `{RELEASE}`")
    return found


def _way_out(contract: Contract) -> str:
    following = contract.version + 1
    kept = f"{contract.name}_v{contract.version}.py"
    tells = any(message.direction == "event" for message in contract.messages)
    types = f" (types of events then end in .v{following})" if tells else ""
    return (
        f"Take the change back, or make it version {following}: keep the models of version "
        f"{contract.version} in {kept}, change the others{types}, add "
        f"Contract({contract.name!r}, {following}, ...) to registry.py and to BUILD.bazel, and run "
        f"`{RELEASE}`. Version {contract.version} stays until nobody uses it."
    )
