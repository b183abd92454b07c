"""Clients of AWS with the time-outs and retries of a function that has a minute for a batch.

Endpoints, region and credentials are boto3's own variables (AWS_ENDPOINT_URL_SNS, ...).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_sns import SNSClient
    from types_boto3_sqs import SQSClient

# Three attempts of at most 1 + 2 s, and botocore's waits in between, are less than ten seconds;
# the defaults would wait up to five minutes for one call.
CONFIG = Config(
    connect_timeout=1,
    read_timeout=2,
    retries={"mode": "standard", "total_max_attempts": 3},
    tcp_keepalive=True,
)


def dynamodb_client() -> DynamoDBClient:
    """Return a client of DynamoDB; no request is made yet."""
    return boto3.client("dynamodb", config=CONFIG)


def sns_client() -> SNSClient:
    """Return a client of SNS; no request is made yet."""
    return boto3.client("sns", config=CONFIG)


def sqs_client() -> SQSClient:
    """Return a client of SQS; no request is made yet."""
    return boto3.client("sqs", config=CONFIG)
