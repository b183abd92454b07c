"""Rows of the site's systems as they are read, and what is to become of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

type Values = Mapping[str, Any]


class Fate(StrEnum):
    """What is right to become of a row."""

    CLEAN = "clean"
    """It is collected, and cleaned."""
    REPEATED = "repeated"
    """Its system gives it twice: it is collected once."""
    KNOWN = "known"
    """Another system gives it as well: it is collected from both, and counted once."""
    UNREADABLE = "unreadable"
    """It becomes no record at all."""
    FAULTY = "faulty"
    """It is collected, but cannot be cleaned."""


@dataclass(frozen=True)
class Row:
    """A row of one of the systems."""

    fate: Fate
    record_id: str
    values: Values
    """By the system's own names."""


@dataclass(frozen=True)
class Given:
    """All that one system gives."""

    rows: Sequence[Row]

    @property
    def collected(self) -> list[str]:
        """The names of the records that are collected, sorted: each once."""
        kept = (Fate.CLEAN, Fate.KNOWN, Fate.FAULTY)
        return sorted(row.record_id for row in self.rows if row.fate in kept)

    def count(self, fate: Fate) -> int:
        """Return how many rows have that fate."""
        return sum(row.fate is fate for row in self.rows)

    def named(self, fate: Fate) -> list[str]:
        """Return the names of the rows with that fate, sorted."""
        return sorted(row.record_id for row in self.rows if row.fate is fate)
