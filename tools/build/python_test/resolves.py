"""Finds packages that are on a program's path in two versions.

A target may take packages from two hubs, each with a lock of its own. Where both bring the same
package, Python imports the one that comes first, and the other's users get a version that they were
not resolved with.
"""

import re
import site
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path


def two_versions(path: Sequence[str]) -> list[str]:
    """Return a sentence for each package that `path` has in several versions.

    Looked at are the folders of wheels; the interpreter's own packages come last and do no harm.
    """
    found: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for folder in path:
        if Path(folder).name != "site-packages" or folder in site.getsitepackages():
            continue
        for info in Path(folder).glob("*.dist-info"):
            name, _, version = info.name.removesuffix(".dist-info").partition("-")
            found[re.sub(r"[-_.]+", "-", name).lower()].setdefault(version, folder)
    return [
        f"{name} is here in two versions, {' and '.join(_places(versions))}: "
        "the deps mix packages of two resolves, see docs/migration.md"
        for name, versions in sorted(found.items())
        if len(versions) > 1
    ]


def _places(versions: dict[str, str]) -> list[str]:
    return [f"{version} ({Path(folder).parent.name})" for version, folder in versions.items()]
