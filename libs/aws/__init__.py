"""Signed calls of AWS services, with credentials from where the service runs."""

from libs.aws.client import AwsClient, connect_aws
from libs.aws.errors import AwsError, NoAnswerError, ServiceError

__all__ = ["AwsClient", "AwsError", "NoAnswerError", "ServiceError", "connect_aws"]
