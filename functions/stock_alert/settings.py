"""Settings of stock_alert, from the environment; README.md has them as a table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

type _Table = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{3,255}$")]
type _Units = Annotated[int, Field(ge=0, le=1_000_000_000)]


class BadSettingsError(Exception):
    """The environment cannot be used; the message names each variable and its fault."""


# Not pydantic-settings: its import takes as long as pydantic's own, at every cold start.
class Settings(BaseModel):
    """Environment of stock_alert; endpoints, region and credentials are boto3's own variables."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    low_stock_threshold: _Units = 10
    """Stock is low when this many units, or fewer, are on hand."""
    recovered_threshold: _Units = 20
    """Low stock has recovered when at least this many units are on hand."""
    alerts_topic_arn: str = Field(
        pattern=r"^arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]+\.fifo$"
    )
    """SNS FIFO topic that alerts are published to."""
    dead_letters_queue_url: str = Field(pattern=r"^https?://.+/.+$")
    """SQS queue that keeps the records that can never be used."""
    stock_alerts_table: _Table = "stock_alerts"
    idempotency_table: _Table = "stock_alerts_idempotency"

    @model_validator(mode="after")
    def _leave_room_between_thresholds(self) -> Self:
        if self.recovered_threshold <= self.low_stock_threshold:
            raise ValueError(
                f"RECOVERED_THRESHOLD is {self.recovered_threshold}, which is not above "
                f"LOW_STOCK_THRESHOLD ({self.low_stock_threshold}): stock that moves around one "
                "level would alert again and again"
            )
        return self


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Return the settings; an empty variable counts as unset. Raise BadSettingsError."""
    given = {name.lower(): value for name, value in environment.items() if value}
    try:
        return Settings.model_validate({name: given[name] for name in _NAMES & given.keys()})
    except ValidationError as exc:
        raise BadSettingsError("; ".join(map(_fault, exc.errors()))) from exc


_NAMES = Settings.model_fields.keys()


def _fault(error: Mapping[str, object]) -> str:
    """Return a fault as text, without the value: queues' URLs may hold what logs should not."""
    location = error["loc"]
    name = ".".join(map(str, location)).upper() if isinstance(location, tuple) else ""
    return f"{name}: {error['msg']}" if name else str(error["msg"])
