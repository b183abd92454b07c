"""Writes the bill of materials of an image: its Debian packages and its wheels.

Format: CycloneDX 1.6 (https://cyclonedx.org/docs/1.6/json), package URLs as in
https://github.com/package-url/purl-spec. Nothing in it depends on the time or the machine.
"""

import argparse
import json
from email.parser import HeaderParser
from pathlib import Path
from typing import Any
from urllib.parse import quote

# Debian 13, whose codename the lock has.
_DISTROS = {"trixie": "debian-13"}


def debian_components(lock: dict[str, Any], architecture: str) -> list[dict[str, Any]]:
    """The packages of one architecture, each with the hash of its .deb."""
    distro = _DISTROS[lock["codename"]]
    return [
        {
            "type": "library",
            "name": package["name"],
            "version": package["version"],
            "purl": (
                f"pkg:deb/debian/{quote(package['name'], safe='')}"
                f"@{quote(package['version'], safe='')}?arch={architecture}&distro={distro}"
            ),
            "hashes": [{"alg": "SHA-256", "content": package["sha256"]}],
        }
        for package in lock["packages"]
        if package["architecture"] == architecture
    ]


def wheel_component(metadata: str) -> dict[str, Any]:
    """One wheel, from the text of its METADATA."""
    fields = HeaderParser().parsestr(metadata)
    name, version = fields["Name"], fields["Version"]
    component: dict[str, Any] = {
        "type": "library",
        "name": name,
        "version": version,
        "purl": f"pkg:pypi/{quote(name.lower().replace('_', '-'))}@{quote(version)}",
    }
    if expression := fields["License-Expression"]:
        component["licenses"] = [{"expression": expression}]
    return component


def bill(
    title: str, architecture: str, lock: dict[str, Any], metadata: list[str]
) -> dict[str, Any]:
    """The bill of the image `title`. A component's package URL is its id too."""
    components = debian_components(lock, architecture)
    components += [wheel_component(text) for text in metadata]
    for component in components:
        component["bom-ref"] = component["purl"]
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": {"type": "container", "name": title}},
        "components": sorted(components, key=lambda component: str(component["purl"])),
    }


def main() -> None:
    """Write the bill that the arguments describe."""
    parser = argparse.ArgumentParser(fromfile_prefix_chars="@")
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--title", required=True)
    parser.add_argument("--architecture", required=True)
    parser.add_argument("--lock", type=Path, required=True)
    parser.add_argument("--metadata", type=Path, action="append", default=[])
    arguments = parser.parse_args()
    content = bill(
        arguments.title,
        arguments.architecture,
        json.loads(arguments.lock.read_text()),
        [path.read_text() for path in arguments.metadata],
    )
    arguments.output.write_text(json.dumps(content, indent=2, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
