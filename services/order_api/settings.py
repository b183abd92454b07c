"""Settings of order_api; README.md has them as a table."""

from typing import Annotated, Self

from pydantic import Field, HttpUrl, model_validator

from libs.dynamo import DynamoSettings
from libs.service_kit import ServiceSettings


class Settings(ServiceSettings, DynamoSettings):
    """Environment of order_api."""

    orders_table: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{3,255}$")] = "orders"
    order_processor_url: HttpUrl = HttpUrl("http://127.0.0.1:8081")
    processor_timeout_seconds: float = Field(default=3.0, gt=0, le=60)
    """Longest time for one decision of order_processor, retries included; then the order waits."""

    @model_validator(mode="after")
    def _leave_time_to_answer(self) -> Self:
        if self.processor_timeout_seconds >= self.request_timeout_seconds:
            raise ValueError(
                f"PROCESSOR_TIMEOUT_SECONDS={self.processor_timeout_seconds:g} leaves no time to "
                f"answer; set it below REQUEST_TIMEOUT_SECONDS={self.request_timeout_seconds:g}"
            )
        return self
