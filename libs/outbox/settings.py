"""Where events go, from the environment."""

from pydantic import Field, HttpUrl, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class OutboxSettings(BaseSettings):
    """Settings of every service that publishes events."""

    model_config = SettingsConfigDict(env_ignore_empty=True, extra="ignore", frozen=True)

    events_queue_url: HttpUrl | None = None
    """URL of an SQS FIFO queue, also of a local one; unset, events are kept and not published."""
    relay_poll_seconds: float = Field(default=1.0, ge=0.05, le=60)
    """Time between two looks for events that another process wrote, or left."""
    relay_lease_seconds: float = Field(default=10.0, ge=1, le=300)
    """How long after the end of a killed process another one goes on with its publishing."""

    @field_validator("events_queue_url")
    @classmethod
    def _is_fifo(cls, url: HttpUrl | None) -> HttpUrl | None:
        if url and not (url.path or "").endswith(".fifo"):
            raise ValueError("the queue must be a FIFO queue, whose name ends in .fifo")
        return url
