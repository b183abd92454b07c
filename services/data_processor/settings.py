"""Settings of data_processor; README.md has them as a table."""

from pathlib import Path
from typing import Annotated

import orjson
from pydantic import BeforeValidator, Field
from pydantic_settings import NoDecode

from libs.service_kit import ServiceSettings
from services.data_processor.pipeline import Rates


def _from_json(value: object) -> object:
    """Return what a variable says; its own decoding would end the start with a traceback."""
    return orjson.loads(value) if isinstance(value, str) else value


class Settings(ServiceSettings):
    """Environment of data_processor."""

    max_body_bytes: int = Field(default=1_000_000_000, ge=1, le=10_000_000_000)
    """Largest file, as it is sent."""
    request_timeout_seconds: float = Field(default=120.0, gt=0, le=3_600)
    max_json_bytes: int = Field(default=5_000_000, ge=1, le=100_000_000)
    """Largest body of `POST /v1/transform`."""
    max_unpacked_bytes: int = Field(default=4_000_000_000, ge=1, le=100_000_000_000)
    """Largest file once unpacked."""
    max_unpacking_ratio: int = Field(default=100, ge=2, le=10_000)
    """Most bytes that one packed byte may become, from the first megabyte on."""
    max_concurrent_files: int = Field(default=2, ge=1, le=64)
    """Files worked on at once; each needs memory and disk."""
    max_distinct_records: int = Field(default=10_000_000, ge=1, le=1_000_000_000)
    """Records of one file that `deduplicate` remembers, at 16 bytes each."""
    max_groups: int = Field(default=100_000, ge=1, le=10_000_000)
    """Groups that one `aggregate` may make."""
    spool_dir: Path | None = None
    """Where files wait, on a disk and not in memory; None means the system's temporary folder."""
    currency_rates: Annotated[Rates | None, NoDecode, BeforeValidator(_from_json)] = None
    """Rates for requests that give none, as JSON; each currency's worth in one common currency."""
