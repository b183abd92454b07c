"""Reads the stanzas of Debian control files (deb822), as far as locking and unpacking need them."""

import re
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Stanza:
    """One package of an index. `path` is relative to the archive, `size` is in bytes."""

    name: str
    version: str
    path: str
    sha256: str
    size: int
    depends: list[str] = field(default_factory=list)


def parse_fields(text: str) -> dict[str, str]:
    """Parse one stanza; a continued field keeps its further lines, without the leading space."""
    fields: dict[str, str] = {}
    last = ""
    for line in text.splitlines():
        if line[:1] in (" ", "\t"):
            fields[last] += "\n" + line[1:]
        elif ":" in line:
            last, _, value = line.partition(":")
            fields[last] = value.strip()
    return fields


def parse_stanzas(text: str) -> list[Stanza]:
    """Parse the packages of an index, in order."""
    stanzas = []
    for block in re.split(r"\n\s*\n", text.strip()):
        fields = parse_fields(block)
        if "Package" not in fields:
            continue
        depends = [fields.get("Pre-Depends", ""), fields.get("Depends", "")]
        stanzas.append(
            Stanza(
                name=fields["Package"],
                version=fields["Version"],
                path=fields["Filename"],
                sha256=fields["SHA256"],
                size=int(fields["Size"]),
                depends=[d.strip() for value in depends for d in value.split(",") if d.strip()],
            )
        )
    return stanzas


def alternatives(dependency: str) -> list[str]:
    """The package names of one dependency: `a (>= 1) | b:any` gives `a` and `b`."""
    return [re.split(r"[\s(:\[]", part.strip(), maxsplit=1)[0] for part in dependency.split("|")]
