"""The bill lists every Debian package of the architecture and every wheel, and nothing else."""

import json
import os
from pathlib import Path
from typing import Any

from tools.build.image.sbom import bill, wheel_component

LOCK: dict[str, Any] = json.loads(Path("tools/build/debian.lock.json").read_text())
METADATA = """\
Metadata-Version: 2.4
Name: Typing_Extensions
Version: 4.15.0+local
License-Expression: PSF-2.0

The text, in which
Name: is not a field.
"""


def test_a_wheel_is_named_as_the_index_names_it() -> None:
    assert wheel_component(METADATA) == {
        "type": "library",
        "name": "Typing_Extensions",
        "version": "4.15.0+local",
        "purl": "pkg:pypi/typing-extensions@4.15.0%2Blocal",
        "licenses": [{"expression": "PSF-2.0"}],
    }


def test_the_packages_of_one_architecture_are_listed() -> None:
    purls = [c["purl"] for c in bill("x", "arm64", LOCK, [])["components"]]
    assert len(purls) == len([p for p in LOCK["packages"] if p["architecture"] == "arm64"])
    assert all("arch=arm64&distro=debian-13" in purl for purl in purls)


def test_the_bill_does_not_depend_on_the_order_of_its_inputs() -> None:
    other = METADATA.replace("Typing_Extensions", "aiohttp")
    assert bill("x", "amd64", LOCK, [METADATA, other]) == bill(
        "x", "amd64", LOCK, [other, METADATA]
    )


def test_the_bill_of_an_image_holds_its_wheels() -> None:
    content = json.loads(Path(os.environ["SBOM"]).read_text())
    assert content["metadata"]["component"]["name"] == "granary/greeter"
    names = {component["name"] for component in content["components"]}
    assert {"annotated-types", "libc6", "python3.13-minimal"} <= names
    assert "pytest" not in names
    refs = [component["bom-ref"] for component in content["components"]]
    assert sorted(set(refs)) == refs
