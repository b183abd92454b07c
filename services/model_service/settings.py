"""Settings of model_service; README.md has them as a table."""

from pathlib import Path

from pydantic import Field

from libs.service_kit import ServiceSettings

BUILT_IN = Path(__file__).parent / "models"
"""The models that the build trains and packs with the service."""


class Settings(ServiceSettings):
    """Environment of model_service."""

    models_folder: Path | None = None
    """None means BUILT_IN."""
    models_poll_seconds: float = Field(default=2.0, gt=0, le=3_600)
    """Time between two looks at the models' folder."""
    max_body_bytes: int = Field(default=4_000_000, ge=1, le=100_000_000)
    """As much as the most rows that a request may have."""
