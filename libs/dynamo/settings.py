"""Where DynamoDB is, from the environment."""

from pydantic import Field, HttpUrl
from pydantic_settings import BaseSettings, SettingsConfigDict


class DynamoSettings(BaseSettings):
    """Settings of every service that keeps its data in DynamoDB.

    Credentials are not among them: they come in AWS's standard variables, from the container or the
    instance.
    """

    model_config = SettingsConfigDict(env_ignore_empty=True, extra="ignore", frozen=True)

    aws_region: str = Field(default="us-east-1", pattern=r"^[a-z]{2}(-[a-z]+)+-\d$")
    dynamodb_endpoint: HttpUrl | None = None
    """Address of DynamoDB Local; unset means AWS."""
    dynamodb_timeout_seconds: float = Field(default=2.0, gt=0, le=60)
    """Longest wait for one answer of DynamoDB."""
