"""Settings of order_processor; README.md has them as a table."""

from typing import Annotated

from pydantic import Field

from libs.dynamo import DynamoSettings
from libs.service_kit import ServiceSettings

type TableName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{3,255}$")]


class Settings(ServiceSettings, DynamoSettings):
    """Environment of order_processor."""

    inventory_table: TableName = "inventory"
    reservations_table: TableName = "reservations"
