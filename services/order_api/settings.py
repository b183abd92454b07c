"""Settings of order_api; README.md has them as a table."""

from typing import Annotated, Self

from pydantic import Field, HttpUrl, model_validator

from libs.dynamo import DynamoSettings
from libs.outbox import OutboxSettings
from libs.service_kit import ServiceSettings

type _Table = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{3,255}$")]


class Settings(ServiceSettings, DynamoSettings, OutboxSettings):
    """Environment of order_api."""

    orders_table: _Table = "orders"
    order_events_table: _Table = "order_events"
    order_processor_url: HttpUrl = HttpUrl("http://127.0.0.1:8081")
    processor_timeout_seconds: float = Field(default=3.0, gt=0, le=60)
    """Longest time for one decision of order_processor, retries included; then the order waits."""
    idempotency_lease_seconds: float = Field(default=15.0, gt=0, le=600)
    """How long a request's first attempt may take before a repeat may finish its work."""
    reconcile_seconds: float = Field(default=5.0, gt=0, le=3_600)
    """Time between two looks for orders that wait for a decision."""

    @model_validator(mode="after")
    def _leave_time(self) -> Self:
        if self.processor_timeout_seconds >= self.request_timeout_seconds:
            raise ValueError(
                f"PROCESSOR_TIMEOUT_SECONDS={self.processor_timeout_seconds:g} leaves no time to "
                f"answer; set it below REQUEST_TIMEOUT_SECONDS={self.request_timeout_seconds:g}"
            )
        if self.idempotency_lease_seconds <= self.request_timeout_seconds:
            raise ValueError(
                f"IDEMPOTENCY_LEASE_SECONDS={self.idempotency_lease_seconds:g} ends while a "
                "request may still be under way; set it above "
                f"REQUEST_TIMEOUT_SECONDS={self.request_timeout_seconds:g}"
            )
        return self
